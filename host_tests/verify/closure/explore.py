"""Builds and runs closure.c."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ...core.build import Variant, build

HERE = Path(__file__).resolve().parent

# For heaps this small: blocks from 48 bytes on count as large, so that both ends of a free chunk
# are used; bins of an octave and steps of few looks leave something to search for.
_FLAGS = (
    "-DGALLOC_LARGE_BLOCK=48",
    "-DGALLOC_BITS_OF_OCTAVE=0",
    "-DGALLOC_STEP_LOOKS=4",
)


def _variant(bits: int, optimise: str) -> Variant:
    return Variant(
        f"closure{bits}{optimise}",
        bits=bits,
        flags=_FLAGS,
        optimise=optimise,
        sanitizers=(),
        link_flags=("-pthread",),
        program=(*(str(HERE / name) for name in ("closure.c", "state.c", "store.c")), "harness.c"),
    )


# By name: what the core compiles to differs in all four.
CLOSURES = {
    f"{bits} bits, {optimise}": _variant(bits, optimise)
    for bits in (64, 32)
    for optimise in ("-O2", "-Os")
}


class BrokenPromise(Exception):
    """A state does not hold, or a request was answered wrongly; the text says which."""


def explore(
    build_name: str,
    size: int,
    with_realloc: bool = True,
    moved: bool = False,
    timeout: float = 600,
) -> dict[str, int]:
    """Visits all states of a heap with `size` bytes of chunks; returns the counts by name.

    build_name: of CLOSURES. with_realloc: tries galloc_realloc as well. moved: the heap is not
    where it was made. timeout: in seconds. Raises BrokenPromise, and BuildError when the program
    does not build.
    """
    program = build(CLOSURES[build_name])
    command = [str(program), str(size // 8), str(int(with_realloc)), str(int(moved))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        said = "\n".join(line for line in done.stderr.splitlines() if " known" not in line)
        raise BrokenPromise(f"{size} bytes: ended with {done.returncode}: {said[-2000:]}")
    return {name: int(count) for name, count in map(str.split, done.stdout.splitlines())}
