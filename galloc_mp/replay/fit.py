"""Finds the smallest region in which a trace runs, with the core on this machine.

The bytes of a heap are laid out alike on every target, so the answer holds on a board whose region
starts at the same address modulo the largest alignment that the trace asks for, or modulo a page
where that is larger.
"""

from collections.abc import Callable
from dataclasses import dataclass

from galloc_mp.core import Core, CoreError
from galloc_mp.replay.trace import Trace

PAGE = 4096  # bytes
STEP = 8  # bytes between two sizes of the exact search
COARSE = 64  # and of the look beyond
BATCH = 64  # sizes after which progress is reported


class FitError(Exception):
    """The replay on this machine could not run."""


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


class Trial:
    """Asks whether a trace runs in a region of a given size.

    address: of the target's region. smallbins, sub_bins: configuration of the heap, 0 for the
    defaults. Raises FitError.
    """

    def __init__(self, trace: Trace, *, address: int = 0, smallbins: int = 0, sub_bins: int = 0):
        self.trace, self.tried = trace, 0
        align = max(trace.align, PAGE)
        self.options = dict(
            smallbins=smallbins, sub_bins=sub_bins, align=align, address=address % align
        )
        try:
            self.core = Core()
            self.core.take(trace)
        except CoreError as error:
            raise FitError(str(error)) from None

    def serves(self, size: int) -> bool:
        """Whether every request finds memory in `size` bytes. Raises FitError when the heap does
        not verify afterwards.
        """
        self.tried += 1
        try:
            if not self.core.start(size, **self.options):
                return False
            served = self.core.replay(0, len(self.trace), stop=True)
            fault = self.core.check()
        except CoreError as error:
            raise FitError(f"{self.trace.name}: {error}") from None
        if fault or self.core.result().refused:
            raise FitError(f"{self.trace.name}: in {size:,} bytes the heap is damaged: {fault}")
        return served

    @property
    def least(self) -> int:
        """The first size worth a try: the peak of live bytes, as a multiple of 8."""
        return max(-(-self.trace.peak // STEP) * STEP, STEP)


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
    defaults. progress: called with the share of the work that is done, 0 to 1. Raises FitError.
    """
    trial = Trial(trace, address=address, smallbins=smallbins, sub_bins=sub_bins)
    low = trial.least
    high = 4 * low + 65536
    smallest = None
    for size in range(low, high + 1, STEP):
        if trial.serves(size):
            smallest = size
            break
        if trial.tried % BATCH == 0:
            progress(min((size - low) / low, 0.5))
    if smallest is None:
        raise FitError(f"{trace.name}: does not run in {high:,} bytes")
    sure, last = smallest, smallest + smallest // 4
    for size in range(smallest, last + 1, COARSE):
        if not trial.serves(size):
            sure = size + COARSE
        if trial.tried % BATCH == 0:
            progress(0.5 + 0.5 * (size - smallest) / max(last - smallest, 1))
    return Fit(smallest, sure, size, trial.tried)
