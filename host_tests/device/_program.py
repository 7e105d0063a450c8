# Runs on a target: a program of random operations on a heap, against a plain model of what must
# hold after each of them. A program is a list of (kind, a, b), three numbers from 0 up; every list
# of these is a program, and so is any part of one.
import gc

import galloc

try:
    from micropython import heap_lock, heap_unlock
except ImportError:

    def heap_lock():
        pass

    heap_unlock = heap_lock


class Program:
    """A heap, and what a model knows about it."""

    def __init__(self, region=None, size=None, smallbins=0, sub_bins=0):
        self.h = galloc.Heap(region, size, smallbins=smallbins, sub_bins=sub_bins)
        self.region = region, size
        self.start = self.h.stats()
        self.blocks = []  # [Block, mark]
        self.raw = []  # [handle, size, mark]
        self.stale = []  # Blocks that were freed
        self.failures = self.mark = 0
        self.peak = 0

    def run(self, ops):
        """Does all operations; each is judged."""
        for number, (kind, a, b) in enumerate(ops):
            try:
                self.KINDS[kind % len(self.KINDS)](self, a, b)
                self.judge()
            except Exception as error:
                name = self.KINDS[kind % len(self.KINDS)].__name__
                print("operation %d, %s(%d, %d)" % (number, name, a, b))
                raise error

    def judge(self):
        """The heap is sound, and its numbers are those of the model."""
        h = self.h
        h.check()
        s = h.stats()
        sizes = [b.size for b, _ in self.blocks] + [h.usable_size(m) for m, _, _ in self.raw]
        assert s.blocks == len(sizes) and s.used == sum(sizes), (s, sizes)
        assert s.used + s.free + s.overhead == s.total == self.start.total, s
        assert s.allocs - s.frees == s.blocks, s
        assert s.failures == self.failures, (s, self.failures)
        assert self.peak <= s.peak_used and s.used <= s.peak_used, s
        self.peak = s.peak_used
        assert s.largest <= s.free and 0 <= s.fragmentation <= 1, s

    def next_mark(self):
        """A byte that fills a block."""
        self.mark = self.mark % 251 + 1
        return self.mark

    def fill(self, view, mark):
        """Fills a block."""
        view[:] = bytes([mark]) * len(view)

    def verify(self, view, mark, size):
        """The first bytes of a block are its mark."""
        assert bytes(view[:size]) == bytes([mark]) * size, ("contents lost", mark, size)

    def verify_raw(self, m, mark, size):
        """The same for a raw handle, its ends and its middle."""
        for i in (0, size // 2, size - 1):
            if 0 <= i < size:
                assert self.h.get8(m, i) == mark, ("contents lost", m, mark, i)

    def refused(self, size, align):
        """A request failed: at default alignment no hole may hold it."""
        self.failures += 1
        s = self.h.stats()
        assert align > 8 or s.largest < size, ("a hole of %d was missed" % s.largest, size)

    def alloc(self, a, b):
        size, align, zero = a % 400, 1 << b % 8, b & 64 != 0
        try:
            block = self.h.alloc(size, align=align, zero=zero)
        except MemoryError:
            self.refused(size, align)
            return
        assert len(block) == size <= block.size and block.address % align == 0
        assert not zero or not any(bytes(block))
        mark = self.next_mark()
        self.fill(block.view(), mark)
        self.blocks.append([block, mark])

    def huge(self, a, b):
        try:
            self.h.alloc(100000 + a, align=1 << b % 12)
            raise AssertionError("more than the region holds")
        except MemoryError:
            self.failures += 1
        assert self.h.malloc(100000 + a) == 0
        self.failures += 1

    def free(self, a, b):
        if self.blocks:
            block, mark = self.blocks.pop(a % len(self.blocks))
            self.verify(block.view(), mark, len(block))
            block.free()
            self.stale = self.stale[-3:] + [block]

    def use_stale(self, a, b):
        for block in self.stale:
            block.free()  # again: nothing happens
            for use in (len, bytes, lambda x: x.view(), lambda x: x.realloc(8), lambda x: x[0]):
                try:
                    use(block)
                except ValueError:
                    continue
                raise AssertionError("a freed Block can be used")

    def resize(self, a, b):
        if self.blocks:
            entry = self.blocks[a % len(self.blocks)]
            block, mark = entry
            old, at, new = len(block), block.address, b % 500
            done = block.resize(new)
            assert block.address == at and len(block) == (new if done else old)
            assert done or new > old, "a block does not shrink"
            self.refill(entry, min(old, len(block)))

    def realloc(self, a, b):
        if self.blocks:
            entry = self.blocks[a % len(self.blocks)]
            block, mark = entry
            old, new = len(block), b % 600
            try:
                assert block.realloc(new) is block and len(block) == new
            except MemoryError:
                assert len(block) == old
                self.failures += 1
            self.refill(entry, min(old, len(block)))

    def refill(self, entry, kept):
        block, mark = entry
        self.verify(block.view(), mark, kept)
        entry[1] = self.next_mark()
        self.fill(block.view(), entry[1])

    def malloc(self, a, b):
        size, align = a % 300, 1 << b % 7
        zeroed = b & 64
        m = (self.h.calloc if zeroed else self.h.malloc)(size, align=align)
        if not m:
            self.refused(size, align)
            return
        assert self.h.address(m) % align == 0 and self.h.usable_size(m) >= size
        mark = self.next_mark()
        for i in range(size):
            assert not zeroed or self.h.get8(m, i) == 0
            self.h.put8(m, i, mark)
        self.raw.append([m, size, mark])

    def raw_realloc(self, a, b):
        if self.raw:
            entry = self.raw[a % len(self.raw)]
            m, size, mark = entry
            new = b % 400
            moved = self.h.realloc(m, new)
            if not moved:
                self.failures += 1
                self.verify_raw(m, mark, size)
                return
            self.verify_raw(moved, mark, min(size, new))
            for i in range(size, new):
                self.h.put8(moved, i, mark)
            entry[0], entry[1] = moved, new

    def raw_free(self, a, b):
        if self.raw:
            m, size, mark = self.raw.pop(a % len(self.raw))
            self.verify_raw(m, mark, size)
            self.h.free(m)
            self.misuse(m)

    def misuse(self, m):
        """Frees what is no live block: refused."""
        try:
            self.h.free(m)
        except ValueError:
            return
        raise AssertionError("%d was freed" % m)

    def bad_free(self, a, b):
        for m, size, _ in self.raw[:3]:
            self.misuse(m + 1 + a % 7)
            if size >= 32:
                self.misuse(m + 8)  # it holds a mark, no header
        self.misuse(0)
        self.misuse(1 << 29)
        self.misuse(-8)

    def locked(self, a, b):
        """The raw tier while the GC heap is locked."""
        h, failed = self.h, 0
        malloc, free, realloc, put = h.malloc, h.free, h.realloc, h.put8
        one, two = 8 + a % 100, b % 200
        heap_lock()
        try:
            m = malloc(one)
            n = malloc(two, 32)
            if m:
                put(m, 0, 1)
                k = realloc(m, two)
                if not k:
                    failed += 1
                free(k or m)
            else:
                failed += 1
            if n:
                free(n)
            else:
                failed += 1
        finally:
            heap_unlock()
        self.failures += failed

    def arena(self, a, b):
        before = self.h.stats().blocks
        try:
            with self.h.arena() as arena:
                for i in range(1 + b % 6):
                    block = arena.alloc(a % 200 + i, align=8 << i, pad=i % 2 == 1)
                    self.fill(block.view(), 255)
                    if (a + i) % 3 == 0:
                        block.free()
        except MemoryError:
            self.failures += 1
        assert self.h.stats().blocks == before

    def attach(self, a, b):
        """Opened a second time, the heap is the same."""
        again = galloc.Heap.attach(*self.region)
        assert again.stats() == self.h.stats()
        live = sorted([x.offset for x, _ in self.blocks] + [m for m, _, _ in self.raw])
        assert [c[0] for c in again.walk() if c[2]] == live

    def collect(self, a, b):
        gc.collect()

    KINDS = (
        alloc,
        alloc,
        alloc,
        malloc,
        malloc,
        free,
        free,
        raw_free,
        resize,
        realloc,
        realloc,
        raw_realloc,
        huge,
        use_stale,
        bad_free,
        locked,
        arena,
        attach,
        collect,
    )

    def finish(self):
        """Frees all: the region is as it was at the start."""
        while self.blocks:
            self.free(0, 0)
        while self.raw:
            self.raw_free(0, 0)
        self.judge()
        s = self.h.stats()
        assert s.used == 0 and s.free_chunks == self.start.free_chunks, s
        assert (s.free, s.overhead) == (self.start.free, self.start.overhead), s


def run(ops, size=4096, smallbins=0, sub_bins=0):
    """A program from its start to its end, in a region on the GC heap."""
    program = Program(bytearray(size), None, smallbins, sub_bins)
    program.run(ops)
    program.finish()
