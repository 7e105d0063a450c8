"""Builds and runs closure.c."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ..core.build import Variant, build

HERE = Path(__file__).resolve().parent

# Blocks from 48 bytes on count as large, so that both ends of a hole are used in heaps this small.
CLOSURE = Variant(
    "closure",
    flags=("-DGALLOC_LARGE_BLOCK=48",),
    optimise="-O2",
    sanitizers=(),
    link_flags=("-pthread",),
    program=(*(str(HERE / name) for name in ("closure.c", "state.c", "store.c")), "harness.c"),
)


class BrokenPromise(Exception):
    """A state does not hold, or a request was answered wrongly; the text tells which."""


def explore(size: int, with_realloc: bool, timeout: float = 600) -> dict[str, int]:
    """Visits all states of a heap with `size` bytes of chunks; returns the counts by name.

    with_realloc: tries galloc_realloc as well. timeout: in seconds. Raises BrokenPromise, and
    BuildError when the program does not build.
    """
    program = build(CLOSURE)
    command = [str(program), str(size // 8), str(int(with_realloc))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        said = "\n".join(line for line in done.stderr.splitlines() if " known" not in line)
        raise BrokenPromise(f"{size} bytes: ended with {done.returncode}: {said[-2000:]}")
    return {name: int(count) for name, count in map(str.split, done.stdout.splitlines())}
