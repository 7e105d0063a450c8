"""Lines and branches of the core that the tests' drivers reach: python -m host_tests.meta.cover

Ends with 1 when one is not reached and reasons.toml does not say why, or says it of one that is.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ...core.build import CORE, BuildError
from .gcov import Source
from .measure import RunError, measure

REASONS = Path(__file__).resolve().parent / "reasons.toml"


def percent(missed: int, total: int) -> float:
    """How much of `total` was reached."""
    return 100.0 * (total - missed) / total if total else 100.0


def missed(sources: dict[str, Source]) -> dict[str, list[str]]:
    """What was not reached: by file and text of the line, its number and the ways out of it."""
    found: dict[str, list[str]] = {}
    for name, source in sources.items():
        text = (CORE / name).read_text().splitlines()
        places = [(line, f"line {line}") for line in source.missed_lines()]
        for line, ways, way in source.missed_branches():
            places.append((line, f"line {line}, way {way + 1} of {ways}"))
        for line, place in places:
            found.setdefault(f"{name}: {text[line - 1].strip()}", []).append(place)
    return found


def table(sources: dict[str, Source]) -> Table:
    """A row for each file, and one for all."""
    shown = Table(title="coverage of firmware/core", title_justify="left")
    shown.add_column("file")
    for name in ("lines", "missed", "%", "branches", "missed", "%"):
        shown.add_column(name, justify="right")
    sums = [0, 0, 0, 0]
    for name, source in sources.items():
        counts = (
            len(source.lines),
            len(source.missed_lines()),
            len(source.branches),
            len(source.missed_branches()),
        )
        sums = [a + b for a, b in zip(sums, counts, strict=True)]
        add(shown, name, counts)
    shown.add_section()
    add(shown, "all", tuple(sums))
    return shown


def add(shown: Table, name: str, counts: tuple[int, ...]) -> None:
    """One row."""
    lines, missed_lines, branches, missed_branches = counts
    cells = (
        lines,
        missed_lines,
        f"{percent(missed_lines, lines):.1f}",
        branches,
        missed_branches,
        f"{percent(missed_branches, branches):.1f}",
    )
    shown.add_row(name, *map(str, cells), style="red" if missed_lines or missed_branches else None)


def main() -> int:
    errors = Console(stderr=True, markup=False, highlight=False)
    try:
        sources = measure(lambda text: errors.print(f"cover: {text}"))
    except (BuildError, RunError) as error:
        errors.print(f"cover: {error}", style="red")
        return 1
    Console().print(table(sources))
    unreached = missed(sources)
    reasons = {
        line: entry["why"]
        for entry in tomllib.loads(REASONS.read_text())["reason"]
        for line in entry["lines"]
    }
    for key, places in unreached.items():
        why = reasons.get(key, "no reason given")
        print(f"not reached: {key} ({', '.join(places)}): {why}")
    wrong = sorted(set(reasons) - set(unreached))
    for key in wrong:
        print(f"reasons.toml: is reached, or is no line any more: {key}")
    if wrong or set(unreached) - set(reasons):
        errors.print("cover: each line and branch must be reached, or have a reason")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
