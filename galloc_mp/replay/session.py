"""Replays a trace on a target, piece by piece."""

import ast
import binascii
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from galloc_mp.core import Stats
from galloc_mp.replay.trace import Trace
from galloc_mp.targets import Target, TargetError

SCRIPT = Path(__file__).with_name("on_target.py")
PIECE = 1000  # operations that go over at once, and after which the heap is checked
TIMEOUT = 120.0  # seconds that one piece may take

FIELDS = (*Stats._fields, "fragmentation")  # of the heap's stats() on the target


@dataclass
class Moment:
    """The heap at one moment. Bytes, offsets from the start of the region."""

    done: int
    """Operations until then."""
    stats: dict[str, float]
    chunks: list[tuple[int, int, bool]] = field(default_factory=list)
    """Each chunk's payload: offset, usable bytes, whether it is a live block."""
    info: str = ""
    """What `info(1)` printed on the target."""


@dataclass
class Outcome:
    """What a replay came to."""

    trace: Trace
    place: str
    """Name of the region on the target."""
    address: int
    size: int
    """Bytes of the region that were used."""
    done: int = 0
    failed: int = 0
    """Requests that found no memory."""
    first_failed: int = -1
    """Number of the first of them, from 0 on; -1 for none."""
    damaged: int = 0
    """Blocks whose bytes were not what was written there."""
    first_damaged: int = -1
    checks: int = 0
    """Times that the whole heap was verified."""
    fault: str = ""
    """What check() or free() said, when it refused."""
    fullest: Moment | None = None
    end: dict[str, float] = field(default_factory=dict)
    """Statistics after the last operation."""

    @property
    def good(self) -> bool:
        """Whether each operation was served, each byte was kept and each check passed."""
        return (
            self.done == len(self.trace)
            and not (self.failed or self.damaged or self.fault)
            and self.end.get("failures") == 0
        )


class RegionTooLarge(TargetError):
    """The target has no memory for a region of that size."""


class Session:
    """A target that is ready to replay."""

    def __init__(self, target: Target):
        self.target = target
        target.reset()
        target.exec(SCRIPT.read_bytes())
        regions, self.inflates = ast.literal_eval(target.exec("ready()"))
        self.place, self.address, self.whole = regions[0][:3] if regions else ("", 0, 0)
        spare = target.spec.options.get("spare")
        if not regions and spare:
            self.place, (self.address, self.whole) = "spare memory", spare

    def _make(self, trace: Trace, size: int, smallbins: int, sub_bins: int) -> Outcome:
        spec = self.target.spec
        place, region, size = self.place, self.address, size or self.whole
        if not self.whole:
            # A stock firmware has no region.
            place, region, size = "a buffer in the GC heap", None, size or 65536
        elif size > self.whole:
            raise RegionTooLarge(
                f"{self.target.name}: the region holds {self.whole} bytes, not {size}"
                + ("" if spec.natmod else f"; GALLOC_REGION_SIZE={size} builds it with more")
            )
        try:
            answer = self.target.exec(
                f"start({region}, {size}, {max(trace.slots, 1)}, {smallbins}, {sub_bins})"
            )
        except TargetError as error:
            said = (error.traceback or "").strip().splitlines() or [""]
            kind, _, reason = said[-1].partition(": ")
            if kind == "MemoryError":
                raise RegionTooLarge(f"{self.target.name}: no memory for {size} bytes") from None
            if kind == "ValueError":
                raise TargetError(f"{self.target.name}: {reason}") from None
            raise
        address, used = ast.literal_eval(answer)
        return Outcome(trace, place, address, used)

    def replay(
        self,
        trace: Trace,
        size: int = 0,
        *,
        smallbins: int = 0,
        sub_bins: int = 0,
        look: bool = True,
        progress: Callable[[int], object] = lambda _: None,
    ) -> Outcome:
        """Replays a whole trace on a new heap.

        size: bytes of the target's region to use, 0 for all; where the firmware has none, of the
        board's spare memory or of a buffer in the GC heap. look: take the map at the fullest
        moment. progress: called with the number of operations that are done.
        Raises TargetError when the target or the heap cannot be set up.
        """
        outcome = self._make(trace, size, smallbins, sub_bins)
        stops = {*range(PIECE, len(trace), PIECE), len(trace)} | (
            {trace.peak_at} if look else set()
        )
        at = 0
        for stop in sorted(stops):
            try:
                self.target.exec(b"replay.run(%r)" % self._pack(trace, at, stop), TIMEOUT)
            except TargetError as error:
                lines = (error.traceback or str(error)).strip().splitlines()
                if not lines or not lines[-1].startswith("ValueError"):
                    raise
                outcome.fault = lines[-1]
                break
            outcome.checks += 1
            at = stop
            if look and stop == trace.peak_at:
                outcome.fullest = self._look(stop)
            progress(stop)
        counts, outcome.end = self._report("replay.verify_live()\n")
        (
            outcome.done,
            outcome.failed,
            outcome.first_failed,
            outcome.damaged,
            outcome.first_damaged,
        ) = counts
        return outcome

    def _pack(self, trace: Trace, first: int, end: int) -> bytes:
        """Operations as text; packed tight where the target can unpack them."""
        data = trace.pack(first, end)
        if self.inflates:
            # A window of 512 bytes: the target keeps one in its heap.
            tight = zlib.compressobj(9, zlib.DEFLATED, 9)
            data = tight.compress(data) + tight.flush()
        return binascii.b2a_base64(data, newline=False)

    def _report(self, before: str = "") -> tuple[tuple[int, ...], dict[str, float]]:
        counts, stats = self.target.exec(before + "replay.report()").splitlines()
        return ast.literal_eval(counts), dict(zip(FIELDS, ast.literal_eval(stats), strict=True))

    def _look(self, done: int) -> Moment:
        stats = self._report()[1]
        lines = self.target.exec("replay.report_chunks()").splitlines()
        chunks = [tuple(map(int, line.split())) for line in lines]
        info = self.target.exec("replay.heap.info(1)")
        return Moment(done, stats, [(at, size, bool(live)) for at, size, live in chunks], info)
