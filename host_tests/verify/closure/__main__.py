"""Visits every state of small heaps.

python -m host_tests.verify.closure [--bytes N] [--realloc]
"""

from __future__ import annotations

import argparse
import sys
import time

from rich.console import Console
from rich.table import Table

from ...core.build import BuildError
from .explore import CLOSURES, BrokenPromise, explore

COLUMNS = (
    ("states", "states"),
    ("allocs", "allocs"),
    ("refused", "refused"),
    ("steps", "search steps"),
    ("searched", "found by them"),
    ("frees", "frees"),
    ("resizes", "resizes"),
    ("reallocs", "reallocs"),
    ("probes", "bad frees"),
)
# Bytes of chunks; whether galloc_realloc is tried too, which takes three times as long as all the
# rest; whether the heap is not where it was made.
USUAL = ((160, True, False), (152, True, True), (176, False, False))


def main() -> int:
    parser = argparse.ArgumentParser(prog="host_tests.verify.closure", description=__doc__)
    parser.add_argument("--bytes", type=int, help="of chunks, at least 96; twice as long each 8")
    parser.add_argument("--realloc", action="store_true", help="with --bytes: galloc_realloc, too")
    asked = parser.parse_args()
    errors = Console(stderr=True, markup=False)
    table = Table(title="every state, every request", title_justify="left")
    table.add_column("core")
    table.add_column("bytes of chunks", justify="right")
    for name in (*(heading for _, heading in COLUMNS), "seconds"):
        table.add_column(name, justify="right")
    plan = ((asked.bytes, asked.realloc, False),) if asked.bytes else USUAL
    for size, realloc, moved in plan:
        for name in CLOSURES:
            what = f"{size} bytes{', with realloc' if realloc else ''}{', moved' if moved else ''}"
            errors.print(f"closure: {name}: {what}")
            start = time.monotonic()
            try:
                counts = explore(name, size, realloc, moved, timeout=4 * 3600)
            except (BrokenPromise, BuildError) as error:
                errors.print(f"closure: {name}: {error}", style="red")
                return 1
            shown = [f"{counts[key]:,}" for key, _ in COLUMNS]
            place = f"{size}{', moved' if moved else ''}"
            table.add_row(name, place, *shown, f"{time.monotonic() - start:.0f}")
    console = Console()
    Console(width=max(160, console.width)).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
