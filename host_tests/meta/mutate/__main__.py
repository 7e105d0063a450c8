"""Mutation testing of firmware/core: python -m host_tests.meta.mutate [--count N] [--seed N].

Ends with 1 when fewer are killed than LEAST, or one survives without a reason in reasons.toml.
"""

from __future__ import annotations

import argparse
import queue
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed

from rich.console import Console
from rich.table import Table

from ...core.build import BuildError
from . import record
from .mutants import Mutant, all_mutants
from .survivors import read_reasons, write
from .trial import INVALID, KILLED, SAME, SURVIVED, TIMEOUT, Bench, Outcome

SEED = 20240607
WORKERS = 2
LEAST = 95.0  # per cent; of what survives here, each is explained

Results = dict[Mutant, Outcome]


def run(chosen: list[Mutant], tell: Console) -> Results:
    """Tries the mutants, some at a time, and keeps a record of how they end.

    Raises BuildError, or RuntimeError (see Bench).
    """
    tell.print("mutate: compiling")
    bench = Bench(chosen)
    desks: queue.Queue[str] = queue.Queue()
    for number in range(WORKERS):
        desks.put(f"desk-{number}")

    def attempt(mutant: Mutant) -> Outcome:
        desk = desks.get()
        try:
            return bench.attempt(mutant, desk)
        finally:
            desks.put(desk)

    results: Results = {}
    start = last = time.monotonic()
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        jobs = {pool.submit(attempt, mutant): mutant for mutant in chosen}
        for job in as_completed(jobs):
            results[jobs[job]] = job.result()
            if job.result().end == SURVIVED:
                tell.print(f"mutate: survived: {jobs[job].key}", soft_wrap=True)
            if time.monotonic() - last > 10 or len(results) == len(chosen):
                last = time.monotonic()
                record.keep(results)
                ends = Counter(outcome.end for outcome in results.values())
                tell.print(
                    f"mutate: {len(results)} of {len(chosen)}, {ends[SURVIVED]} survived, "
                    f"{last - start:.0f} s"
                )
    return {mutant: results[mutant] for mutant in chosen}


def table(results: Results) -> tuple[Table, float]:
    """A row for each file, and how many per cent of those that differ from the core are killed."""
    shown = Table(title="mutants of firmware/core", title_justify="left")
    shown.add_column("file")
    names = ("mutants", "killed", "time-outs", "survived", "% killed", "same code", "invalid")
    for name in names:
        shown.add_column(name, justify="right")
    rows: dict[str, Counter] = {}
    for mutant, outcome in results.items():
        rows.setdefault(mutant.file, Counter())[outcome.end] += 1
    total: Counter = sum(rows.values(), Counter())
    for name, ends in rows.items():
        add(shown, name, ends)
    shown.add_section()
    return shown, add(shown, "all", total)


def add(shown: Table, name: str, ends: Counter) -> float:
    """One row; a mutant that never ends counts as killed. Returns the share of those."""
    killed = ends[KILLED] + ends[TIMEOUT]
    real = killed + ends[SURVIVED]
    share = 100.0 * killed / real if real else 100.0
    cells = (real, ends[KILLED], ends[TIMEOUT], ends[SURVIVED], f"{share:.1f}")
    shown.add_row(name, *map(str, cells), str(ends[SAME]), str(ends[INVALID]))
    return share


def main() -> int:
    parser = argparse.ArgumentParser(prog="host_tests.meta.mutate", description=__doc__)
    parser.add_argument("--count", type=int, help="a sample of so many; default: all")
    parser.add_argument("--seed", type=int, default=SEED, help="of the sample")
    parser.add_argument("--only", default="", help="those whose key contains this")
    parser.add_argument(
        "--again",
        action="store_true",
        help="those that are not known to be killed, after a change of tests",
    )
    asked = parser.parse_args()
    errors = Console(stderr=True, markup=False, highlight=False)
    everything = all_mutants()
    chosen = [mutant for mutant in everything if asked.only in mutant.key]
    known = record.read(everything) if asked.again else {}
    chosen = [m for m in chosen if m not in known or known[m].end == SURVIVED]
    whole = not asked.only and not asked.count
    if asked.count and asked.count < len(chosen):
        errors.print(f"mutate: a sample of {asked.count} of {len(chosen)}, seed {asked.seed}")
        chosen = random.Random(asked.seed).sample(chosen, asked.count)
    start = time.monotonic()
    try:
        tried = run(chosen, errors)
    except (BuildError, RuntimeError) as error:
        errors.print(f"mutate: {error}", style="red")
        return 1
    results = {m: (known | tried)[m] for m in everything if m in known or m in tried}
    shown, share = table(results)
    Console(width=max(100, Console().width)).print(shown)
    reasons = read_reasons()
    survivors = [mutant for mutant, outcome in results.items() if outcome.end == SURVIVED]
    unexplained = [mutant for mutant in survivors if mutant.key not in reasons]
    for mutant in unexplained:
        print(f"survived, no reason given: {mutant.file}:{mutant.line} {mutant.key}")
    if whole:
        alive = {mutant.key for mutant in survivors}
        for key in sorted(set(reasons) - alive):
            print(f"reasons.toml: is killed, or is no mutant any more: {key}")
        write(shown, survivors, reasons)
    print(f"{share:.1f} % of {len(results)} mutants killed, {time.monotonic() - start:.0f} s")
    if (share < LEAST and whole) or unexplained:
        errors.print(f"mutate: {LEAST:.0f} % must be killed, and each survivor needs a reason")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
