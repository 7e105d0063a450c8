"""Allocation traces: text files, plain or .gz, one operation a line in the order of time.

    a ID SIZE ALIGN     allocates SIZE bytes at a multiple of ALIGN
    r ID SIZE [ALIGN]   reallocates
    f ID                frees
    # KEY VALUE         a remark: `# region 65536` is the size of the region that was recorded in

An ID is an integer and names a block from its `a` to its `f`. Sizes are in bytes.

Targets and the host's replay take a trace packed in 16-bit words, little-endian, with the IDs made
small numbers that are used again ("slots"):

    kind << 14 | slot                       FREE
    kind << 14 | slot, size                 ALLOC, REALLOC; a size from 0x8000 on takes two words:
                                            0x8000 | its low 15 bits, the rest
    kind << 14 | slot, log2 of align, size  ALIGNED, for a new block or for one that is live
"""

import gzip
import heapq
import sys
import zlib
from array import array
from dataclasses import dataclass, field
from pathlib import Path

FREE, ALLOC, REALLOC, ALIGNED = range(4)
FORMS = {("a", 3), ("r", 2), ("r", 3), ("f", 1)}  # kinds of lines and the numbers in them
SLOTS = 1 << 14
LARGEST = (1 << 30) - 1  # of sizes and alignments: what a small integer holds on a 32-bit target


class TraceError(Exception):
    """A file that is no trace; the message names the line and what was expected there."""


@dataclass
class Trace:
    """A trace, packed."""

    name: str
    words: array
    """All operations."""
    starts: array
    """Where each operation starts in `words`; one more entry than operations, the end."""
    slots: int
    """Blocks that live at the same time, at most."""
    peak: int
    """Highest sum of requested live bytes."""
    peak_at: int
    """Number of operations after which that sum was reached first."""
    align: int
    """The largest alignment asked for, in bytes; 8 at least."""
    remarks: dict[str, str] = field(default_factory=dict)
    """What the lines that start with # say."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    def pack(self, first: int, end: int) -> bytes:
        """Operations first..end-1 as the bytes that targets take."""
        part = array("H", self.words[self.starts[first] : self.starts[end]])
        if sys.byteorder == "big":
            part.byteswap()
        return part.tobytes()


class _Packer:
    """Takes one line after the other."""

    def __init__(self):
        self.words, self.starts = array("H"), array("L")
        self.live: dict[int, tuple[int, int]] = {}  # id: slot, size
        self.idle: list[int] = []
        self.slots = self.sum = self.peak = self.peak_at = 0
        self.align = 8
        self.remarks: dict[str, str] = {}

    def take(self, line: str) -> None:
        """Packs one operation. Raises ValueError that says what is wrong."""
        if line.startswith("#"):
            key, _, value = line[1:].strip().partition(" ")
            self.remarks[key] = value
            return
        kind, *fields = line.split()
        if (kind, len(fields)) not in FORMS:
            raise ValueError("expected `a ID SIZE ALIGN`, `r ID SIZE [ALIGN]` or `f ID`")
        numbers = [int(field) for field in fields]
        if min(numbers) < 0 or max(numbers[1:], default=0) > LARGEST:
            raise ValueError(f"numbers must be 0 or more, sizes and aligns {LARGEST} or less")
        self.starts.append(len(self.words))
        getattr(self, f"_{kind}")(*numbers)
        if self.sum > self.peak:
            self.peak, self.peak_at = self.sum, len(self.starts)

    def _size(self, size: int) -> list[int]:
        return [size] if size < 0x8000 else [0x8000 | size & 0x7FFF, size >> 15]

    def _a(self, name: int, size: int, align: int) -> None:
        if name in self.live:
            raise ValueError(f"block {name} is allocated a second time")
        if self.idle:
            slot = heapq.heappop(self.idle)
        else:
            slot = self.slots
            self.slots += 1
            if self.slots > SLOTS:
                raise ValueError(f"more than {SLOTS} blocks live at the same time")
        self.live[name] = slot, size
        self.sum += size
        self._request(ALLOC, slot, size, align)

    def _request(self, kind: int, slot: int, size: int, align: int) -> None:
        if align & (align - 1):
            raise ValueError(f"align {align} is no power of two")
        if align > 8:
            self.align = max(self.align, align)
            self.words.extend([ALIGNED << 14 | slot, align.bit_length() - 1])
        else:
            self.words.append(kind << 14 | slot)
        self.words.extend(self._size(size))

    def _r(self, name: int, size: int, align: int = 0) -> None:
        if name not in self.live:
            raise ValueError(f"block {name} is reallocated but not allocated")
        slot, before = self.live[name]
        self.live[name] = slot, size
        self.sum += size - before
        self._request(REALLOC, slot, size, align)

    def _f(self, name: int) -> None:
        if name not in self.live:
            raise ValueError(f"block {name} is freed but not allocated")
        slot, size = self.live.pop(name)
        heapq.heappush(self.idle, slot)
        self.sum -= size
        self.words.append(FREE << 14 | slot)


def load(path: Path) -> Trace:
    """The trace in a file. Raises TraceError, OSError."""
    packer = _Packer()
    number = 1
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="ascii") as lines:
            for line in lines:
                if line.strip():
                    packer.take(line)
                number += 1
    except UnicodeDecodeError:
        raise TraceError(f"{path} is no trace: line {number} is no text") from None
    except ValueError as error:
        raise TraceError(f"{path}, line {number}: {error}") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise TraceError(f"{path}: {error}") from None
    if not packer.starts:
        raise TraceError(f"{path} holds no operation")
    packer.starts.append(len(packer.words))
    name = path.name.removesuffix(".gz").removesuffix(".trace")
    return Trace(
        name,
        packer.words,
        packer.starts,
        packer.slots,
        packer.peak,
        packer.peak_at,
        packer.align,
        packer.remarks,
    )
