# Runs in MicroPython: replays packed operations (see trace.py) on a heap. Each block is filled
# with a pattern of its own when it is made, and compared with it before every realloc and free.
import binascii
import gc
import io
from array import array

import galloc

try:
    from deflate import ZLIB, DeflateIO
except ImportError:
    DeflateIO = None

PERIOD = 4096


class Replay:
    def __init__(self, heap, data, slots):
        # data: the bytes of the region.
        self.heap = heap
        self.bytes = memoryview(data)
        self.handles = array("I", bytes(4 * slots))
        self.sizes = array("I", bytes(4 * slots))
        self.starts = array("H", bytes(2 * slots))
        # The bytes of a generator twice over, so that a pattern may start at each of them.
        x, once = 1, bytearray(PERIOD)
        for i in range(PERIOD):
            x = x * 1103 + 12345 & 0xFFFFFF
            once[i] = x >> 11 & 0xFF
        self.pattern = memoryview(bytes(once + once))
        self.serial = self.done = self.failed = self.damaged = 0
        # Number of the first operation that failed, and that found damage.
        self.first_failed = self.first_damaged = -1

    def fill(self, slot, handle, size):
        # Of a new serial number, so that no two blocks share a pattern.
        self.serial = serial = self.serial + 1 & 0xFFFFF
        start = serial * 1021 & PERIOD - 1
        self.handles[slot], self.sizes[slot], self.starts[slot] = handle, size, start
        data, pattern = self.bytes, self.pattern
        # Through a view of just these bytes: an assignment to a slice moves all that is behind
        # it onto itself.
        while size > PERIOD:
            part = data[handle : handle + PERIOD]
            part[:] = pattern[start : start + PERIOD]
            handle, size, start = handle + PERIOD, size - PERIOD, start + 61 & PERIOD - 1
        part = data[handle : handle + size]
        part[:] = pattern[start : start + size]

    def verify(self, handle, size, start):
        data, pattern = self.bytes, self.pattern
        while size > PERIOD:
            if data[handle : handle + PERIOD] != pattern[start : start + PERIOD]:
                return self.damage()
            handle, size, start = handle + PERIOD, size - PERIOD, start + 61 & PERIOD - 1
        if data[handle : handle + size] != pattern[start : start + size]:
            self.damage()

    def damage(self):
        self.damaged += 1
        if self.first_damaged < 0:
            self.first_damaged = self.done

    def fail(self):
        self.failed += 1
        if self.first_failed < 0:
            self.first_failed = self.done

    def place(self, slot, handle, size, align):
        if handle == 0:
            return self.fail()
        if handle + size > len(self.bytes) or self.heap.address(handle) & align - 1:
            return self.damage()
        self.fill(slot, handle, size)

    def run(self, packed):
        # Replays operations and checks the heap after the last of them.
        words = binascii.a2b_base64(packed)
        if DeflateIO:
            words = DeflateIO(io.BytesIO(words), ZLIB).read()
        words = array("H", words)
        heap, handles, sizes, starts = self.heap, self.handles, self.sizes, self.starts
        verify, place = self.verify, self.place
        i, end = 0, len(words)
        while i < end:
            word = words[i]
            i += 1
            kind, slot = word >> 14, word & 0x3FFF
            handle = handles[slot]
            if kind == 0:
                # Nothing to free where the allocation failed.
                if handle:
                    verify(handle, sizes[slot], starts[slot])
                    heap.free(handle)
                    handles[slot] = 0
            else:
                align = 8
                if kind == 3:
                    align = 1 << words[i]
                    i += 1
                size = words[i]
                i += 1
                if size & 0x8000:
                    size = size & 0x7FFF | words[i] << 15
                    i += 1
                if handle:
                    before, start = sizes[slot], starts[slot]
                    verify(handle, before, start)
                    handle = heap.realloc(handle, size, align)
                    if handle:
                        verify(handle, min(before, size), start)
                else:
                    handle = heap.malloc(size, align)
                place(slot, handle, size, align)
            self.done += 1
        heap.check()

    def verify_live(self):
        for slot, handle in enumerate(self.handles):
            if handle:
                self.verify(handle, self.sizes[slot], self.starts[slot])

    def report(self):
        print(
            (self.done, self.failed, self.first_failed, self.damaged, self.first_damaged),
            tuple(self.heap.stats()),
            sep="\n",
        )

    def report_chunks(self):
        for offset, size, live in self.heap.walk():
            print(offset, size, int(live))


def ready():
    print((galloc.regions(), DeflateIO is not None))


def start(region, size, slots, smallbins, sub_bins):
    # region: an address, or None for a buffer in the GC heap.
    global replay
    replay = None
    gc.collect()
    if region is None:
        data = bytearray(size)
        heap = galloc.Heap(data, smallbins=smallbins, sub_bins=sub_bins)
    else:
        from uctypes import bytearray_at

        data = bytearray_at(region, size)
        heap = galloc.Heap(region, size, smallbins=smallbins, sub_bins=sub_bins)
    replay = Replay(heap, data, slots)
    print(heap._place())
