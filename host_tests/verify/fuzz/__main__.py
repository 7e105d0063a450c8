"""Fuzzes the core: python -m host_tests.verify.fuzz [--seconds N] [--seed N] [--minimise]."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table

from ...core.build import BuildError
from .campaign import SEED, count_packed, fuzz, minimise

MOST = 300  # inputs of the corpus in the repository


def main() -> int:
    parser = argparse.ArgumentParser(prog="host_tests.verify.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--minimise", action="store_true", help="renew the repository's corpus")
    parser.add_argument("--banks", action="store_true", help="sets of banks, not single heaps")
    asked = parser.parse_args()
    errors = Console(stderr=True, markup=False)
    errors.print(f"fuzz: {asked.seconds} s from seed {asked.seed}")
    try:
        result = fuzz(asked.seconds, asked.seed, asked.banks)
        kept = minimise(MOST) if asked.minimise and not asked.banks else count_packed()
    except (BuildError, RuntimeError) as error:
        errors.print(f"fuzz: {error}", style="red")
        return 1
    table = Table(title=f"seed {asked.seed}, {asked.seconds} s", title_justify="left")
    for name in ("inputs", "operations", "edges covered", "corpus", "in repository", "found"):
        table.add_column(name, justify="right")
    counts = (result.runs, result.operations, result.covered, result.corpus, kept)
    table.add_row(*(f"{count:,}" for count in counts), str(len(result.found)))
    Console().print(table)
    for path in result.found:
        errors.print(f"fuzz: this input fails: {path}", style="red")
    if result.found:
        errors.print(result.said[-4000:])
    return 1 if result.found else 0


if __name__ == "__main__":
    sys.exit(main())
