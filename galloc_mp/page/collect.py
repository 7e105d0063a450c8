"""What a page shows: of a trace, by replaying it on this machine; of a dump, by opening it.

All numbers are bytes or counts. Shares of a map are letters: A for a cell that is free, Q for one
that is all in live blocks, those between in sixteenths; `#` for control data. A frame is such a
string, run-length coded: `12A3Q` for AAAAAAAAAAAAQQQ.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from galloc_mp.core import Core, CoreError, Stats
from galloc_mp.replay.trace import FREE, Trace
from galloc_mp.replay.vary import operations

SAMPLES = 1500  # points of a curve, at most
FRAMES = 240  # maps, at most
CELLS = 2048  # of a map, at most
LONGEST = 20  # blocks in the table
CURVES = ("used", "free", "largest", "fragmentation", "blocks", "free_chunks")


class NoReport(Exception):
    """Why there is nothing to show."""


def unit_for(size: int) -> int:
    """Bytes of a cell: a power of two, 16 at least."""
    unit = 16
    while size > unit * CELLS:
        unit *= 2
    return unit


def frame(chunks: list[tuple[int, int, bool]], size: int, unit: int) -> str:
    """The map of a heap, run-length coded."""
    live = [0] * -(-size // unit)
    control = chunks[0][0] - 4 if chunks else size
    for offset, length, allocated in chunks:
        if not allocated:
            continue
        at, end = offset - 4, min(offset + length, size)
        first, last = at // unit, (end - 1) // unit
        if first == last:
            live[first] += end - at
            continue
        live[first] += (first + 1) * unit - at
        live[first + 1 : last] = [unit] * (last - first - 1)
        live[last] += end - last * unit
    letters = [
        "#" if (i + 1) * unit <= control else chr(65 + (16 * share + unit - 1) // unit)
        for i, share in enumerate(live)
    ]
    runs = ((letter, sum(1 for _ in group)) for letter, group in groupby(letters))
    return "".join(f"{count}{letter}" for letter, count in runs)


@dataclass
class _Block:
    born: int
    size: int
    align: int
    offset: int
    died: int = -1


class _Lives:
    """The blocks of a replay and how long they lived, in operations."""

    def __init__(self):
        self.live: dict[int, _Block] = {}
        self.dead: list[tuple[int, int, _Block]] = []

    def take(self, now: int, place: int, kind: int, slot: int, size: int, align: int) -> None:
        """One operation, the `now`th, and where its block is."""
        if kind == FREE:
            block = self.live.pop(slot)
            block.died = now
            self._keep(block, now - block.born)
        elif slot in self.live:
            self.live[slot].size = size
        else:
            self.live[slot] = _Block(now, size, align, place)

    def _keep(self, block: _Block, age: int) -> None:
        entry = (age, block.size, -block.born, block)
        if len(self.dead) < LONGEST:
            heapq.heappush(self.dead, entry)
        elif entry > self.dead[0]:
            heapq.heapreplace(self.dead, entry)

    def table(self, end: int) -> list[dict]:
        for block in self.live.values():
            self._keep(block, end - block.born)
        return [
            {
                "age": age,
                "size": block.size,
                "align": block.align,
                "born": block.born,
                "died": block.died,
                "offset": block.offset,
            }
            for age, _, _, block in sorted(self.dead, reverse=True)
        ]


def _even(count: int, most: int) -> set[int]:
    """At most `most` numbers from 1 to `count`, evenly spread, both ends among them."""
    if count <= most:
        return set(range(1, count + 1))
    return {1 + i * (count - 1) // (most - 1) for i in range(most)}


def of_trace(
    trace: Trace,
    size: int,
    *,
    smallbins: int = 0,
    sub_bins: int = 0,
    report: Callable[[float], object] = lambda _: None,
) -> dict:
    """Replays a trace in a region of `size` bytes, of which each moment that the page shows is
    looked at. report: called with the share that is done. Raises NoReport.
    """
    try:
        return _replay(trace, size, smallbins, sub_bins, report)
    except CoreError as error:
        raise NoReport(f"{trace.name}: {error}") from None


def _replay(trace: Trace, size: int, smallbins: int, sub_bins: int, report) -> dict:
    core = Core()
    core.take(trace)
    address = int(trace.remarks.get("address", "0"), 0)
    options = dict(smallbins=smallbins, sub_bins=sub_bins, align=max(trace.align, 8))
    if not core.start(size, address=address, **options):
        raise NoReport(f"{trace.name}: no heap can be made in {size:,} bytes")
    total = len(trace)
    frames_at = _even(total, FRAMES) | {trace.peak_at}
    samples_at = _even(total, SAMPLES) | frames_at
    unit, lives = unit_for(size), _Lives()
    curves: dict[str, list] = {name: [] for name in CURVES}
    frames, done = [], []
    fullest, most, then, steps = 0, -1, 0, operations(trace)
    for now in sorted(samples_at):
        places = core.replay_placed(then, now)
        for number, place in enumerate(places, then + 1):
            lives.take(number, place, *next(steps))
        then = now
        stats = core.stats()
        for name in CURVES:
            curves[name].append(round(getattr(stats, name), 4))
        if stats.used > most:
            fullest, most = len(done), stats.used
        done.append(now)
        if now in frames_at:
            frames.append([len(done) - 1, frame(core.chunks(), size, unit)])
            report(now / total)
    fault, result = core.check(), core.result()
    if fault or result.refused:
        raise NoReport(f"{trace.name}: the heap is damaged after the replay: {fault}")
    return {
        "kind": "trace",
        "name": trace.name,
        "size": size,
        "unit": unit,
        "peak": trace.peak,
        "operations": total,
        "failed": result.failed,
        "firstFailed": result.first_failed,
        "done": done,
        "curves": curves,
        "frames": frames,
        "fullest": fullest,
        "stats": core.stats()._asdict(),
        "longest": lives.table(total),
        "remarks": trace.remarks,
    }


def of_dump(core: Core, name: str, size: int) -> dict:
    """What the heap that is open in `core` shows."""
    stats: Stats = core.stats()
    chunks = core.chunks()
    unit = unit_for(size)
    largest = sorted(((n, at, live) for at, n, live in chunks), reverse=True)

    def top(wanted: bool) -> list[dict]:
        rows = [{"size": n, "offset": at} for n, at, live in largest if live == wanted]
        return rows[:LONGEST]

    return {
        "kind": "dump",
        "name": name,
        "size": size,
        "unit": unit,
        "done": [stats.allocs + stats.frees],
        "curves": {key: [round(getattr(stats, key), 4)] for key in CURVES},
        "frames": [[0, frame(chunks, size, unit)]],
        "fullest": 0,
        "stats": stats._asdict(),
        "blocks": top(True),
        "holes": top(False),
        "root": list(core.root()),
    }
