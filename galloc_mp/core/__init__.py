"""The allocator on this machine: the same C, compiled to WebAssembly, run by wasmtime.

    core = Core()
    heap = core.start(65536)            # a new heap of that many bytes
    heap.replay(trace, 0, len(trace))
    print(heap.stats().used, heap.chunks())

A Core is one instance with memory of its own; each thread needs one of its own.
"""

import atexit
import struct
from functools import cache
from typing import NamedTuple

from galloc_mp.files import WASM, FilesError, find
from galloc_mp.replay.trace import Trace

PAGE = 65536  # of WebAssembly's memory, in bytes
LARGEST = 1 << 30  # bytes of a region that is tried here
NONE = 0xFFFFFFFF


class CoreError(Exception):
    """The allocator cannot run here, or not on these bytes; the message says why."""


class Stats(NamedTuple):
    """The fields of galloc_stats_t in their order, each in bytes or a count. The one list of them
    for the tools and tests on this machine.
    """

    total: int
    used: int
    free: int
    largest: int
    overhead: int
    peak_used: int
    blocks: int
    free_chunks: int
    allocs: int
    frees: int
    failures: int

    @property
    def fragmentation(self) -> float:
        """1 - largest / free; 0.0 when nothing is free."""
        return 1 - self.largest / self.free if self.free else 0.0


class Result(NamedTuple):
    """Counts of a replay, and what the latest check found."""

    done: int
    failed: int
    """Requests that found no memory."""
    first_failed: int
    """Number of the first of them, from 0 on; -1: none."""
    refused: int
    """Frees that the heap refused, which only a damaged heap does."""
    fault: int
    offset: int
    """Bytes from the start of the region."""


@cache
def _load():
    """The engine and the compiled module. Raises CoreError."""
    try:
        import wasmtime
    except Exception as error:  # noqa: BLE001 (also what its own loader raises on other machines)
        raise CoreError(
            f"this needs the package wasmtime, which does not work here: {error}; "
            "use a 64-bit PC with Linux, macOS or Windows"
        ) from None
    # Before the interpreter takes the package apart that these objects end by.
    atexit.register(_load.cache_clear)
    engine = wasmtime.Engine()
    try:
        return wasmtime, engine, wasmtime.Module(engine, find(WASM).read_bytes())
    except FilesError as error:
        raise CoreError(str(error)) from None


class Core:
    """The allocator, with a region in its memory."""

    def __init__(self):
        wasmtime, engine, module = _load()
        self._trap = wasmtime.WasmtimeError, wasmtime.Trap
        self._store = wasmtime.Store(engine)
        self._exports = wasmtime.Instance(self._store, module, []).exports(self._store)
        self._memory = self._exports["memory"]
        self._result = self._call("result_at")
        self._base = -(-self._call("heap_base") // 16) * 16
        self._trace: Trace | None = None
        self._words = self._region = self._size = 0

    def _call(self, name: str, *arguments: int) -> int:
        try:
            value = self._exports[name](self._store, *arguments)
        except self._trap as error:
            raise CoreError(f"the allocator stopped in {name}(): {error}") from None
        return value & NONE if value is not None else 0

    def _reserve(self, end: int) -> None:
        pages = -(-(end - self._memory.data_len(self._store)) // PAGE)
        if pages > 0:
            try:
                self._memory.grow(self._store, pages)
            except self._trap as error:
                raise CoreError(f"no memory for {end:,} bytes: {error}") from None

    def _place(self, size: int, align: int, address: int) -> int:
        """Where a region of `size` bytes goes that is at `address` modulo `align`."""
        if size > LARGEST or align > LARGEST:
            raise CoreError(f"regions and alignments up to {LARGEST:,} bytes are tried here")
        start = self._base + (2 * len(self._trace.words) if self._trace else 0)
        region = -(-start // align) * align + address % align
        self._reserve(region + size + 8)
        return region

    def take(self, trace: Trace) -> None:
        """Puts a trace's operations into memory, for `replay`."""
        data = trace.pack(0, len(trace))
        self._reserve(self._base + len(data))
        self._memory.write(self._store, data, self._base)
        self._trace = trace

    def start(
        self,
        size: int,
        *,
        smallbins: int = 0,
        sub_bins: int = 0,
        align: int = 8,
        address: int = 0,
    ) -> bool:
        """Makes a heap of `size` bytes at `address` modulo `align`. False when it is too small.

        Raises CoreError when it is too large for this machine.
        """
        self._region, self._size = self._place(size, align, address), size
        return bool(self._call("start", self._region, size, smallbins, sub_bins))

    def replay(self, first: int, end: int, *, stop: bool = False) -> bool:
        """Replays operations first..end-1 of the trace that was taken; stop: at the first request
        that finds no memory. Returns whether all found memory since the start.
        """
        return self._replay(first, end, int(stop), 0)

    def replay_placed(self, first: int, end: int) -> tuple[int, ...]:
        """Replays operations first..end-1. Returns for each of them the offset of its block in the
        region, 0 where there is none.
        """
        at = self._free_memory(4 * (end - first))
        self._replay(first, end, 0, at)
        return self._words_at(at, end - first)

    def _replay(self, first: int, end: int, stop: int, places: int) -> bool:
        words, starts = self._base, self._trace.starts
        first, end = words + 2 * starts[first], words + 2 * starts[end]
        return bool(self._call("replay", first, end, stop, places))

    def _free_memory(self, size: int) -> int:
        """Address of `size` bytes behind the region."""
        at = -(-(self._region + self._size) // 8) * 8
        self._reserve(at + size)
        return at

    def open(self, data: bytes) -> None:
        """Opens the heap whose bytes these are. Raises CoreError when they are no sound heap."""
        known = False
        # A heap opens at the address that it had modulo 8, which its bytes do not say.
        for shift in range(8):
            self._region, self._size = self._place(len(data), 8, shift), len(data)
            self._memory.write(self._store, data, self._region)
            if self._call("attach", self._region, len(data)):
                return
            known |= bool(self._call("recognise", self._region, len(data)))
        if known:
            raise CoreError("the heap in it is damaged: it does not verify")
        raise CoreError(
            f"no heap that galloc {self.version()} can open: another file, cut off, or of a "
            "version with another layout"
        )

    def version(self) -> str:
        """Of the allocator."""
        return self._text(self._call("version"))

    def _text(self, at: int) -> str:
        data = bytes(self._memory.read(self._store, at, at + 64))
        return data.partition(b"\0")[0].decode()

    def _words_at(self, at: int, count: int) -> tuple[int, ...]:
        data = self._memory.read(self._store, at, at + 4 * count)
        return struct.unpack(f"<{count}I", data)

    def stats(self) -> Stats:
        """Of the heap as it is."""
        self._call("stats")
        return Stats(*self._words_at(self._result + 24, len(Stats._fields)))

    def result(self) -> Result:
        """Of the replay so far."""
        done, failed, first, refused, fault, offset = self._words_at(self._result, 6)
        return Result(done, failed, -1 if first == NONE else first, refused, fault, offset)

    def check(self) -> str:
        """Verifies the whole heap: "" or the fault's name and where it is."""
        if self._call("check"):
            return ""
        found = self.result()
        return f"{self._text(self._call('fault_name', found.fault))} at offset {found.offset}"

    def root(self) -> tuple[int, ...]:
        """The heap's root table."""
        return tuple(self._call("root", number) for number in range(4))

    def overhead(self, size: int, smallbins: int = 0, sub_bins: int = 0) -> int:
        """Bytes of control data before any block."""
        return self._call("overhead", size, smallbins, sub_bins)

    def chunks(self) -> list[tuple[int, int, bool]]:
        """Each chunk's payload offset in the region, usable bytes and whether it is live."""
        count = self._call("walk", 0, 0)
        at = self._free_memory(8 * count)
        self._call("walk", at, count)
        words = self._words_at(at, 2 * count)
        return [
            (words[i], words[i + 1] & ~1, bool(words[i + 1] & 1)) for i in range(0, 2 * count, 2)
        ]
