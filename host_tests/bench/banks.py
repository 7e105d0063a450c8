"""What a set of banks costs over a single heap: python -m host_tests.bench.banks [--seed N]

Instructions a call by callgrind, the same workload on a heap and on sets in which one bank serves
all of it. Ends with 1 where the set costs more than LIMIT a call.
"""

import argparse
import sys

from rich.console import Console
from rich.table import Table

from . import build, callgrind, measure

LIMIT = 20.0  # instructions a call, on average over a workload
INPUTS = ("R64", "X64n", "S160", "lua")
KINDS = ("alloc", "free", "realloc")
# Banks in the set, and how many of them have lower addresses than the one that serves.
SETS = ((1, 0), (2, 1), (8, 0), (8, 7))


def costs(seed: int) -> dict[tuple, callgrind.Profile]:
    """Profiles by set, None for the single heap, and input. Raises BuildError, MeasureError."""
    single = build.galloc("galloc-checked")
    banks = build.galloc("galloc-banks", adapter="banks.c")
    known = measure.inputs()
    jobs = [(None, what) for what in INPUTS] + [(s, what) for s in SETS for what in INPUTS]

    def profile(which, what):
        if which is None:
            return callgrind.profile(single, known[what], seed)
        settings = {"BENCH_BANKS": str(which[0]), "BENCH_PLACE": str(which[1])}
        return callgrind.profile(banks, known[what], seed, settings=settings)

    found = measure.in_parallel([lambda j=job: profile(*j) for job in jobs])
    return dict(zip(jobs, found, strict=True))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    errors = Console(stderr=True, markup=False)
    try:
        found = costs(options.seed)
    except (build.BuildError, measure.MeasureError) as error:
        errors.print(f"banks: {error}", style="red")
        return 1
    table = Table(title=f"instructions a call, seed {options.seed}", title_justify="left")
    for name in ("workload", "banks", "below", "heap", "set", "more", *KINDS):
        table.add_column(name, justify="right")
    most = 0.0
    for (banks, below), what in ((s, what) for what in INPUTS for s in SETS):
        heap, one = found[None, what], found[(banks, below), what]
        if heap.facts["failures"] != one.facts["failures"]:
            errors.print(
                f"banks: {what}: the set refused other requests than the heap", style="red"
            )
            return 1
        more = one.per_operation - heap.per_operation
        most = max(most, more)
        kinds = (one.per_kind(kind) - heap.per_kind(kind) for kind in KINDS)
        figures = (heap.per_operation, one.per_operation, more, *kinds)
        table.add_row(what, str(banks), str(below), *(f"{figure:.1f}" for figure in figures))
    Console().print(table)
    if most > LIMIT:
        errors.print(f"banks: {most:.1f} instructions a call, {LIMIT:.0f} are the limit")
    return 1 if most > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
