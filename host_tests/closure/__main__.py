"""Visits every state of small heaps: python -m host_tests.closure [--bytes N] [--realloc]."""

from __future__ import annotations

import argparse
import sys
import time

from rich.console import Console
from rich.table import Table

from ..core.build import BuildError
from .explore import BrokenPromise, explore

COLUMNS = ("states", "allocs", "refused", "frees", "resizes", "reallocs", "probes")
# Bytes of chunks, and whether galloc_realloc is tried too: it needs as long as all the rest.
USUAL = ((144, True), (192, False))


def main() -> int:
    parser = argparse.ArgumentParser(prog="host_tests.closure", description=__doc__)
    parser.add_argument("--bytes", type=int, help="of chunks, at least 96; twice as long each 8")
    parser.add_argument("--realloc", action="store_true", help="with --bytes: galloc_realloc, too")
    asked = parser.parse_args()
    errors = Console(stderr=True, markup=False)
    table = Table(title="every state, every request", title_justify="left")
    table.add_column("bytes of chunks", justify="right")
    for name in (*COLUMNS, "seconds"):
        table.add_column(name, justify="right")
    for size, realloc in ((asked.bytes, asked.realloc),) if asked.bytes else USUAL:
        errors.print(f"closure: {size} bytes{', with realloc' if realloc else ''}")
        start = time.monotonic()
        try:
            counts = explore(size, realloc, timeout=4 * 3600)
        except (BrokenPromise, BuildError) as error:
            errors.print(f"closure: {error}", style="red")
            return 1
        shown = [f"{counts[name]:,}" for name in COLUMNS]
        table.add_row(str(size), *shown, f"{time.monotonic() - start:.0f}")
    console = Console()
    Console(width=max(130, console.width)).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
