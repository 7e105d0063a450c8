"""Finds the smallest region in which a trace runs, with the core compiled for the host.

The bytes of a heap are laid out alike on every target, so the answer holds on a board whose region
starts at the same address modulo the largest alignment that the trace asks for, or modulo a page
where that is larger.
"""

import os
import subprocess
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from galloc_mp.replay.trace import Trace
from galloc_mp.targets.registry import BUILD, ROOT

CORE = ROOT / "firmware" / "core"
SOURCE = Path(__file__).with_name("fit.c")
PAGE = 4096  # bytes
STEP = 8  # bytes between two sizes of the exact search
COARSE = 64  # and of the look beyond
BATCH = 64  # sizes that one call of the program tries, so that progress can be told
FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra")


class FitError(Exception):
    """The host's replay could not be built or run."""


@dataclass(frozen=True)
class Fit:
    """What the search found; bytes."""

    smallest: int
    """The smallest region that serves: each multiple of 8 below it was tried, from the peak of
    live bytes on.
    """
    sure: int
    """From here on every size that was tried served: a larger region does not always serve."""
    tried_to: int
    """The largest size tried."""
    tried: int
    """Sizes tried."""


def program() -> Path:
    """Compiles the replay where it is missing or older sources made it. Raises FitError."""
    sources = sorted(CORE.glob("*.c"))
    if not sources:
        raise FitError(f"{CORE} is missing: the search for the smallest region wants a checkout")
    texts = [path.read_bytes() for path in (SOURCE, *sources, *sorted(CORE.glob("*.h")))]
    made = BUILD / "replay" / f"fit-{zlib.crc32(b''.join(texts)):08x}"
    if made.exists():
        return made
    made.parent.mkdir(parents=True, exist_ok=True)
    partial = made.with_suffix(f".{os.getpid()}")
    command = [os.environ.get("CC") or "cc", *FLAGS, f"-I{CORE}", SOURCE, *sources, "-o", partial]
    try:
        result = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise FitError(f"no C compiler: {error}; install gcc, or say CC=path") from None
    if result.returncode:
        raise FitError(f"the host's replay does not compile:\n{result.stderr}")
    partial.replace(made)
    return made


def _sizes(first: int, last: int, step: int):
    """Ranges of BATCH sizes."""
    for at in range(first, last + 1, BATCH * step):
        yield at, min(at + (BATCH - 1) * step, last), step


def find(
    trace: Trace,
    *,
    address: int = 0,
    smallbins: int = 0,
    sub_bins: int = 0,
    progress: Callable[[float], object] = lambda _: None,
) -> Fit:
    """Tries each multiple of 8 from the peak of live bytes on until one serves, then every 64
    bytes up to a quarter more, for sizes that do not.

    address: of the target's region. smallbins, sub_bins: configuration of the heap, 0 for the
    defaults. progress: told the share of the work that is done, 0 to 1. Raises FitError.
    """
    fit = program()
    align = max(trace.align, PAGE)
    tried = 0
    with tempfile.NamedTemporaryFile(suffix=".ops") as packed:
        packed.write(trace.pack(0, len(trace)))
        packed.flush()

        def serves(first: int, last: int, step: int) -> dict[int, bool]:
            numbers = (smallbins, sub_bins, align, address % align, first, last, step)
            result = subprocess.run(
                [fit, packed.name, *map(str, numbers)], capture_output=True, text=True
            )
            if result.returncode:
                raise FitError(f"{trace.name}: {result.stderr.strip() or result.returncode}")
            lines = [line.split() for line in result.stdout.splitlines()]
            return {int(size): int(failed) < 0 for size, failed, _ in lines}

        low = max(-(-trace.peak // STEP) * STEP, STEP)
        high = 4 * low + 65536
        smallest = None
        for batch in _sizes(low, high, STEP):
            results = serves(*batch)
            tried += len(results)
            smallest = min((size for size, good in results.items() if good), default=None)
            if smallest:
                break
            progress(min((batch[1] - low) / low, 0.5))
        if smallest is None:
            raise FitError(f"{trace.name}: does not run in {high} bytes")
        sure, last = smallest, smallest + smallest // 4
        for batch in _sizes(smallest, last, COARSE):
            results = serves(*batch)
            tried += len(results)
            sure = max([sure, *(size + COARSE for size, good in results.items() if not good)])
            progress(0.5 + 0.5 * (batch[1] - smallest) / max(last - smallest, 1))
    return Fit(smallest, sure, last, tried)
