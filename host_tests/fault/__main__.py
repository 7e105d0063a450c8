"""Injects faults and prints what detected them.

python -m host_tests.fault [--seed N] [--count N]
"""

from __future__ import annotations

import argparse
import sys
import time

from rich.console import Console
from rich.table import Table

from ..core.build import BuildError
from .campaign import COUNT, SEED, CampaignError, Row, run


def table(rows: list[Row], title: str) -> Table:
    """The rows, grouped by configuration."""
    shown = Table(title=title, title_justify="left")
    for name in ("configuration", "harm"):
        shown.add_column(name)
    for name in ("injected", "detected", "by free", "by check", "missed", "crashed"):
        shown.add_column(name, justify="right")
    last = None
    for row in rows:
        if last not in (None, row.configuration):
            shown.add_section()
        last = row.configuration
        counts = (row.injected, row.detected, row.by_free, row.by_check, row.missed, row.crashed)
        style = "red" if row.missed or row.crashed else None
        shown.add_row(row.configuration, row.kind, *(f"{n:,}" for n in counts), style=style)
    return shown


def main() -> int:
    parser = argparse.ArgumentParser(prog="host_tests.fault", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--count", type=int, default=COUNT, help="of each kind, default %(default)s"
    )
    asked = parser.parse_args()
    errors = Console(stderr=True, markup=False)
    start = time.monotonic()
    errors.print(f"fault: injecting {asked.count:,} faults of each kind")
    try:
        rows, said = run(asked.seed, asked.count, timeout=60 + asked.count / 50)
    except (BuildError, CampaignError) as error:
        errors.print(f"fault: {error}", style="red")
        return 1
    Console(width=max(100, Console().width)).print(table(rows, f"seed {asked.seed}"))
    missed, crashed = sum(row.missed for row in rows), sum(row.crashed for row in rows)
    if said:
        errors.print("\n".join(said.splitlines()[:40]))
    print(
        f"{sum(row.injected for row in rows):,} injections: {missed} missed, {crashed} crashed, "
        f"{time.monotonic() - start:.0f} s"
    )
    return 1 if missed or crashed else 0


if __name__ == "__main__":
    sys.exit(main())
