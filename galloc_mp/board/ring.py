"""Records of galloc.record(buffer), as firmware/module/record.c writes them, made into traces."""

import binascii
import struct
from binascii import a2b_base64
from dataclasses import dataclass, field

FREE, ALLOC, REALLOC, MOVED = range(4)
SIZE_BITS = 27
MASK32 = 0xFFFFFFFF


@dataclass
class HeapTrace:
    """What happened on one heap, as lines of a trace."""

    lines: list[str] = field(default_factory=list)
    live: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Number and alignment of each live block, by its offset from the heap."""
    failed: int = 0
    """Requests that found no memory."""
    repaired: int = 0
    """Frees that must have happened in a gap, or before the recording began."""

    def alloc(self, number: int, offset: int, size: int, align: int) -> None:
        """A block with a number of its own."""
        if offset in self.live:
            self.repaired += 1
            self.lines.append(f"f {self.live[offset][0]}")
        self.live[offset] = number, align
        self.lines.append(f"a {number} {size} {align}")

    def free(self, offset: int) -> None:
        """A block; one that was never seen is left out."""
        if offset in self.live:
            self.lines.append(f"f {self.live.pop(offset)[0]}")
        else:
            self.repaired += 1


class Decoder:
    """Takes records piece by piece."""

    def __init__(self):
        self.heaps: dict[int, HeapTrace] = {}
        self.lost = 0
        self.count = 0
        self.blocks = 0
        self.moved_from: int | None = None

    def heap(self, number: int) -> HeapTrace:
        """What is known of a heap."""
        return self.heaps.setdefault(number, HeapTrace())

    def _new_block(self) -> int:
        self.blocks += 1
        return self.blocks

    def begin_with(self, number: int, offset: int, size: int) -> None:
        """A block that lived on a heap before the recording began."""
        self.heap(number).alloc(self._new_block(), offset, size, 8)

    def feed(self, data: bytes) -> None:
        """Whole records."""
        for first, second in struct.iter_unpack("<II", data):
            self._take(first & 3, first >> 28, first & 0x0FFFFFFC, second)

    def _take(self, kind: int, number: int, offset: int, second: int) -> None:
        if kind == MOVED:
            if offset:
                self.moved_from = offset
            else:
                self.lost += second
            return
        heap = self.heap(number)
        size, align = second & (1 << SIZE_BITS) - 1, max(1 << (second >> SIZE_BITS), 8)
        before, self.moved_from = self.moved_from, None
        self.count += 1
        if kind == FREE:
            heap.free(offset)
        elif not offset:
            heap.failed += 1
        elif kind == ALLOC:
            heap.alloc(self._new_block(), offset, size, align)
        else:
            self._realloc(heap, offset if before is None else before, offset, size, align)

    def _realloc(self, heap: HeapTrace, before: int, offset: int, size: int, align: int) -> None:
        if before not in heap.live:
            heap.alloc(self._new_block(), offset, size, align)
            return
        block, kept = heap.live.pop(before)
        if offset in heap.live:
            heap.repaired += 1
            heap.lines.append(f"f {heap.live.pop(offset)[0]}")
        # 8 says nothing: a block that is resized in place keeps the alignment that it has.
        align = align if align > 8 else kept
        heap.live[offset] = block, align
        heap.lines.append(f"r {block} {size}" + (f" {align}" if align > 8 else ""))


class Frames:
    """Separates records from what the program prints: a frame is between \\x1e and \\x1f."""

    def __init__(self, on_output, on_records):
        self.on_output, self.on_records = on_output, on_records
        self.frame: bytearray | None = None  # what has come of one
        self.broken = 0  # frames that did not come whole

    def __call__(self, data: bytes) -> None:
        while data:
            if self.frame is None:
                before, mark, data = data.partition(b"\x1e")
                if before:
                    self.on_output(before)
                if mark:
                    self.frame = bytearray()
                continue
            part, end, rest = data.partition(b"\x1f")
            # Where another one begins the one before was cut off.
            cut, again, part = part.rpartition(b"\x1e")
            if again:
                self.broken += 1
                self.frame.clear()
            self.frame += part
            data = rest
            if end:
                self._take()

    def _take(self) -> None:
        try:
            self.on_records(a2b_base64(bytes(self.frame), strict_mode=True))
        except binascii.Error:
            self.broken += 1
        self.frame = None
