"""The reference model: what a heap must look like after an operation, given what it was before.

A heap is its walk: the chunks in address order. Free neighbours are always one chunk. Where the
contract leaves the choice to the core (which hole, where in it) the model takes the core's answer
and judges all that follows from it.
"""

from __future__ import annotations

import itertools

from .client import Chunk, State

HEADER = 4
STEP = 8
MIN_CHUNK = 16
MAX_SLACK = MIN_CHUNK - STEP  # a rest that is too small for a chunk stays with the block


def payload_for(size: int) -> int:
    """Usable bytes that a request of `size` bytes needs at least."""
    return max(MIN_CHUNK, -(-(size + HEADER) // STEP) * STEP) - HEADER


def hole_holds(address: int, hole: int, payload: int, align: int) -> bool:
    """Whether a hole (payload address, usable bytes) can hold `payload` bytes at `align`.

    A gap in front of the block must be nothing or a chunk of its own.
    """
    return first_place(address, align) + payload <= address + hole


def first_place(address: int, align: int) -> int:
    """Address of the lowest multiple of `align` that a hole's payload address allows."""
    align = max(align, STEP)
    gap = -address % align
    while 0 < gap < MIN_CHUNK:
        gap += align
    return address + gap


def could_hold(base: int, walk: list[Chunk], size: int, align: int) -> bool:
    """Whether any free chunk can hold a request. base: the region's address."""
    payload = payload_for(size)
    return any(not c.live and hole_holds(base + c.offset, c.size, payload, align) for c in walk)


def owed_when_bounded(walk: list[Chunk], size: int, align: int) -> bool:
    """Whether some hole is in a larger bin than that of the request with the worst padding."""
    padding = align if align > STEP else 0
    return any(not c.live and c.size >= 2 * (payload_for(size) + padding + STEP) for c in walk)


def find(walk: list[Chunk], block: int) -> int:
    """Index of the chunk with this payload offset. Raises AssertionError when there is none."""
    for index, chunk in enumerate(walk):
        if chunk.offset == block:
            return index
    raise AssertionError(f"no chunk starts at {block}")


def span_of(walk: list[Chunk], block: int) -> tuple[Chunk, Chunk | None, Chunk | None]:
    """A block with its free neighbours: the block, the free chunk before, the one behind."""
    index = find(walk, block)
    before = walk[index - 1] if index > 0 and not walk[index - 1].live else None
    behind = walk[index + 1] if index + 1 < len(walk) and not walk[index + 1].live else None
    return walk[index], before, behind


def merge(walk: list[Chunk]) -> list[Chunk]:
    """The same chunks with all free neighbours made one."""
    merged: list[Chunk] = []
    for chunk in walk:
        if merged and not merged[-1].live and not chunk.live:
            chunk = Chunk(merged[-1].offset, chunk.end - merged.pop().offset, False)
        merged.append(chunk)
    return merged


def place(walk: list[Chunk], block: int, usable: int) -> list[Chunk]:
    """The walk after a block of `usable` bytes has been cut out of the hole around `block`."""
    placed = []
    for c in walk:
        if c.live or not c.offset <= block < c.end:
            placed.append(c)
            continue
        gap = block - c.offset
        rest = c.end - (block + usable)
        assert gap == 0 or gap >= MIN_CHUNK, f"a gap of {gap} bytes before the block at {block}"
        assert rest == 0 or rest >= MIN_CHUNK, f"{rest} bytes left behind the block at {block}"
        if gap:
            placed.append(Chunk(c.offset, gap - HEADER, False))
        placed.append(Chunk(block, usable, True))
        if rest:
            placed.append(Chunk(block + usable + HEADER, rest - HEADER, False))
    assert any(c.offset == block and c.live for c in placed), f"no hole lies around {block}"
    return placed


def release(walk: list[Chunk], block: int) -> list[Chunk]:
    """The walk after a block has been freed."""
    index = find(walk, block)
    assert walk[index].live
    freed = [*walk[:index], walk[index]._replace(live=False), *walk[index + 1 :]]
    return merge(freed)


def judge_slack(size: int, usable: int) -> None:
    """A block has what was asked for and no more than a rest that makes no chunk."""
    assert size <= usable <= payload_for(size) + MAX_SLACK, f"{usable} usable bytes for {size}"


def judge_state(base: int, size: int, state: State) -> None:
    """What holds for every heap at every moment. base, size: of the region."""
    walk, stats = state
    assert walk, "a heap without a chunk"
    for one, other in itertools.pairwise(walk):
        assert other.offset == one.end + HEADER, f"{one} and {other} do not touch"
        assert one.live or other.live, f"{one} and {other} are free and not merged"
    for chunk in walk:
        assert (base + chunk.offset) % STEP == 0, f"{chunk} is not aligned"
        assert chunk.size % STEP == HEADER, f"{chunk} has an odd size"
        assert chunk.size >= MIN_CHUNK - HEADER, f"{chunk} is too small"
    assert walk[0].offset >= HEADER
    assert walk[-1].end <= size
    live = [c.size for c in walk if c.live]
    free = [c.size for c in walk if not c.live]
    assert stats.used == sum(live)
    assert stats.free == sum(free)
    assert stats.used + stats.free + stats.overhead == stats.total
    assert size - 23 <= stats.total <= size
    assert stats.largest == max(free, default=0)
    assert stats.blocks == len(live)
    assert stats.free_chunks == len(free)
    assert stats.allocs - stats.frees == stats.blocks
    assert stats.peak_used >= stats.used


class Model:
    """Follows one heap and judges each of the core's answers.

    base: the region's address. size: of the region. bounded: the heap's bounded_search.
    """

    def __init__(self, base: int, size: int, state: State, bounded: bool = False) -> None:
        self.base = base
        self.size = size
        self.bounded = bounded
        self.state = state
        judge_state(base, size, state)
        self.control = self._control(state)

    def _control(self, state: State) -> int:
        return state.stats.overhead - HEADER * len(state.walk)

    def live(self) -> list[Chunk]:
        """The live blocks."""
        return [c for c in self.state.walk if c.live]

    def _advance(self, after: State, expected: list[Chunk], **changes: int) -> None:
        """Takes the new state over. changes: by how much each counter must have moved."""
        judge_state(self.base, self.size, after)
        assert after.walk == expected, f"expected {expected}\nfound {after.walk}"
        assert self._control(after) == self.control, "the control data changed its size"
        assert after.stats.total == self.state.stats.total
        for name in ("allocs", "frees", "failures"):
            moved = getattr(after.stats, name) - getattr(self.state.stats, name)
            assert moved == changes.get(name, 0), f"{name} moved by {moved}"
        peak, used = self.state.stats.peak_used, after.stats.used
        both = changes.get("transient", 0)  # a moved block lives twice while it is copied
        peak_now = after.stats.peak_used
        assert max(peak, used) <= peak_now <= max(peak, used + both), f"peak {peak} {peak_now}"
        self.state = after

    def alloc(self, size: int, align: int, block: int | None, usable: int, after: State) -> None:
        """Judges an alloc that gave `block` (None: refused)."""
        walk = self.state.walk
        if block is None:
            owed = could_hold(self.base, walk, size, align)
            if self.bounded:
                owed = owed and owed_when_bounded(walk, size, align)
            assert not owed, f"{size} bytes at {align} refused although a hole can hold them"
            self._advance(after, walk, failures=1)
            return
        assert (self.base + block) % max(align, STEP) == 0
        judge_slack(size, usable)
        self._advance(after, place(walk, block, usable), allocs=1)

    def free(self, block: int, after: State) -> None:
        """Judges a successful free."""
        self._advance(after, release(self.state.walk, block), frees=1)

    def resize(self, block: int, size: int, done: bool, after: State) -> None:
        """Judges a resize of a live block: exact in both directions."""
        walk = self.state.walk
        chunk, _, behind = span_of(walk, block)
        room = chunk.size if behind is None else behind.end - chunk.offset
        assert done == (payload_for(size) <= room), f"resize to {size} with {room} bytes of room"
        if not done:
            self._advance(after, walk)
            return
        usable = after.walk[find(after.walk, block)].size
        judge_slack(size, usable)
        self._advance(after, place(release(walk, block), block, usable))

    def realloc(
        self, block: int, size: int, align: int, made: int | None, usable: int, after: State
    ) -> None:
        """Judges a realloc of a live block that gave `made` (None: refused)."""
        walk = self.state.walk
        chunk, before, behind = span_of(walk, block)
        start = before.offset if before else chunk.offset
        end = behind.end if behind else chunk.end
        # The block may move towards lower addresses in its own place, never towards higher ones.
        around = hole_holds(self.base + start, end - start, payload_for(size), align)
        around = around and first_place(self.base + start, align) <= self.base + block
        if made is None:
            forward = (self.base + block) % max(align, STEP) == 0
            assert not (forward and payload_for(size) <= end - block), "growth in place refused"
            owed = could_hold(self.base, walk, size, align) or around
            if self.bounded:
                owed = owed and owed_when_bounded(walk, size, align)
            assert not owed, f"realloc to {size} at {align} refused although it fits"
            self._advance(after, walk, failures=1)
            return
        assert (self.base + made) % max(align, STEP) == 0
        judge_slack(size, usable)
        moved = after.stats.allocs - self.state.stats.allocs
        assert moved in (0, 1)
        if moved:
            expected = release(place(walk, made, usable), block)
        else:
            assert start <= made < end, "the block left its surroundings without being moved"
            expected = place(release(walk, block), made, usable)
        if moved:
            transient = chunk.size
        else:  # a move within the surroundings needs all of them while it lasts
            transient = 0 if made == block else end - start
        self._advance(after, expected, allocs=moved, frees=moved, transient=transient)

    def refused(self, after: State, failures: tuple[int, ...] = (0,)) -> None:
        """Judges a call that must change nothing. failures: by how much that counter may move."""
        moved = after.stats.failures - self.state.stats.failures
        assert moved in failures
        self._advance(after, self.state.walk, failures=moved)
