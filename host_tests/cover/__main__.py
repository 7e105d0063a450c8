"""Lines and branches of the core that the tests' drivers reach: python -m host_tests.cover

Ends with 1 when it is less than the gate.
"""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from ..core.build import CORE, BuildError
from .measure import RunError, measure
from .report import Source

# Per cent. What is below 100 is listed by the run.
GATE_LINES = 100.0
GATE_BRANCHES = 100.0


def percent(missed: int, total: int) -> float:
    """How much of `total` was reached."""
    return 100.0 * (total - missed) / total if total else 100.0


def table(sources: dict[str, Source]) -> tuple[Table, float, float]:
    """A row for each file, and the percentages of lines and branches in all."""
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
    return shown, percent(sums[1], sums[0]), percent(sums[3], sums[2])


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
    shown, lines, branches = table(sources)
    Console().print(shown)
    for name, source in sources.items():
        text = (CORE / name).read_text().splitlines()
        for line in source.missed_lines():
            print(f"{name}:{line}: never ran: {text[line - 1].strip()}")
        for line, ways, way in source.missed_branches():
            print(f"{name}:{line}: way {way + 1} of {ways} never taken: {text[line - 1].strip()}")
    if lines < GATE_LINES or branches < GATE_BRANCHES:
        errors.print(f"cover: below {GATE_LINES} % of lines or {GATE_BRANCHES} % of branches")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
