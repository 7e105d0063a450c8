"""Interrupts each operation of the locked core at every instruction, cuts it off at every store.

python -m host_tests.verify.interrupts

Writes the longest rows of masked instructions to build/host_tests/verify/interrupts/masked.md.
"""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.table import Table

from ...core.build import BuildError
from .board import BUILD, PROCESSORS, Board
from .longest import longest_masked
from .scenarios import SCENARIOS
from .stage import Broken, Points, Stage

MASKED = BUILD / "masked.md"


def forgotten_lock(processor: str) -> str | None:
    """What breaks first when the lock is forgotten; None when nothing does."""
    board = Board(processor, locked=False)
    for scenario in SCENARIOS:
        try:
            Stage(board, scenario).interrupted()
        except Broken as broken:
            return str(broken)
    return None


def main() -> int:
    errors = Console(stderr=True, markup=False)
    failed = False
    longest: dict[str, dict[str, int]] = {}  # by what is asked for, by processor
    for processor in PROCESSORS:
        start = time.monotonic()
        errors.print(f"interrupts: {len(SCENARIOS)} scenarios on {processor}")
        table = Table(title=processor, title_justify="left")
        table.add_column("scenario")
        for name in ("interrupted", "masked", "in a row", "cuts", "opened", "refused"):
            table.add_column(name, justify="right")
        rows = []
        try:
            board = Board(processor)
            for scenario in SCENARIOS:
                try:
                    points = Stage(board, scenario).play()
                except Broken as broken:
                    failed = True
                    errors.print(f"interrupts: {broken}", style="red")
                    continue
                add(table, scenario.name, points)
                rows.append(points)
            table.add_section()
            add(table, "all, and the longest row", total(rows))
            Console(width=max(100, Console().width)).print(table)
            noticed = forgotten_lock(processor)
            for kind, row in longest_masked(processor).items():
                longest.setdefault(kind, {})[processor] = row
        except BuildError as error:
            errors.print(f"interrupts: {error}", style="red")
            return 1
        failed = failed or noticed is None
        print(f"without the lock: {noticed or 'nothing breaks, so the test shows nothing'}")
        errors.print(f"interrupts: {time.monotonic() - start:.0f} s")
    if not failed:
        write(longest)
    return 1 if failed else 0


def write(longest: dict[str, dict[str, int]]) -> None:
    """The longest rows of masked instructions, as a table."""
    lines = ["| instructions masked in a row, at most | " + " | ".join(PROCESSORS) + " |"]
    lines.append("| --- |" + " ---: |" * len(PROCESSORS))
    for kind, rows in longest.items():
        lines.append(f"| {kind} | " + " | ".join(f"{rows[p]:,}" for p in PROCESSORS) + " |")
    MASKED.write_text("\n".join([*lines, ""]))
    print(f"written to {MASKED}", file=sys.stderr)


def total(rows: list[Points]) -> Points:
    """The sums, and the longest of all."""
    return Points(
        interrupted=sum(r.interrupted for r in rows),
        masked=sum(r.masked for r in rows),
        longest=max((r.longest for r in rows), default=0),
        cuts=sum(r.cuts for r in rows),
        opened=sum(r.opened for r in rows),
    )


def add(table: Table, name: str, points: Points) -> None:
    """One row."""
    counts = (points.interrupted, points.masked, points.longest, points.cuts, points.opened)
    table.add_row(name, *(f"{count:,}" for count in counts), f"{points.cuts - points.opened:,}")


if __name__ == "__main__":
    sys.exit(main())
