"""Builds the programs, and runs the injections of inject.c."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.build import VARIANTS, Variant, build

HERE = Path(__file__).resolve().parent
SEED = 20240607
COUNT = 10_000

# Undefined operations trap, so that they are counted like any other crash.
INJECT = Variant(
    "inject",
    optimise="-O2",
    flags=("-DGALLOC_SHIFT_COUNT(n)=((n) & 31u)",),
    sanitizers=("-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"),
    program=(*(str(HERE / name) for name in ("inject.c", "kinds.c", "subject.c")), "harness.c"),
)

# overwrite.c in each build of the core.
OVERWRITE = tuple(
    replace(
        variant,
        name=f"overwrite-{variant.name}",
        program=(*(str(HERE / name) for name in ("overwrite.c", "subject.c")), "harness.c"),
    )
    for variant in VARIANTS
)


@dataclass(frozen=True)
class Row:
    """What came of one kind of harm in one configuration; all but the names are counts."""

    configuration: str
    kind: str
    injected: int
    detected: int
    by_free: int
    by_check: int
    missed: int
    crashed: int


class CampaignError(Exception):
    """The injections did not come to their end; the text is what the program said."""


def run(seed: int = SEED, count: int = COUNT, timeout: float = 600) -> tuple[list[Row], str]:
    """Injects `count` faults of each kind in each configuration.

    Returns a row each, and what was said about misses and crashes. timeout is in seconds.
    Raises CampaignError when the program dies, BuildError when it does not build.
    """
    program = build(INJECT)
    command = [str(program), str(seed), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise CampaignError(f"inject ended with {done.returncode}:\n{done.stderr[-4000:]}")
    rows = []
    for line in done.stdout.splitlines():
        configuration, kind, *counts = line.split("\t")
        rows.append(Row(configuration, kind, *map(int, counts)))
    return rows, done.stderr
