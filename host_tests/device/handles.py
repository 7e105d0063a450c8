# From raw handles to Blocks and views, 16-bit access, whole cache lines, and heaps of subclasses.
import galloc

try:
    from micropython import heap_lock, heap_unlock
except ImportError:

    def heap_lock():
        pass

    heap_unlock = heap_lock


def raises(kind, text, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kind as error:
        assert text in str(error), (text, str(error))
        return
    raise AssertionError("no %s from %r%r" % (kind, call, args))


region = bytearray(4096)
h = galloc.Heap(region)

# A Block of a raw handle: all of its bytes, and its owner from then on.
m = h.calloc(50)
b = h.block(m)
assert type(b) is galloc.Block and b.offset == m and len(b) == b.size == h.usable_size(m)
b[:50] = b"b" * 50
assert h.get8(m, 49) == ord("b")
b.realloc(200)
assert bytes(b[:50]) == b"b" * 50 and b.address % 8 == 0
h.root[0] = b.offset
del b
again = galloc.Heap.attach(region)
with again.block(again.root[0]) as b:
    assert bytes(b[:50]) == b"b" * 50 and len(b) >= 200
assert again.stats().blocks == 0
h = again
gone = h.malloc(8)
h.free(gone)
for fault, bad in (
    ("not allocated", gone),
    ("null", 0),
    ("misaligned", gone + 1),
    ("foreign", 4096),
    ("foreign", -8),
    ("foreign", 1 << 40),
):
    raises(ValueError, fault, h.block, bad)
    raises(ValueError, fault, h.view, bad)
    raises(ValueError, fault, h.get16, bad, 0)
    raises(ValueError, fault, h.put16, bad, 0, 0)
for bad in (None, "a", 1.5, h, b):
    raises(TypeError, "", h.block, bad)
    raises(TypeError, "", h.view, bad)

# 16 bits.
m = h.malloc(40)
for i in range(20):
    h.put16(m, i, 0x1234 + i)
assert [h.get16(m, i) for i in range(20)] == [0x1234 + i for i in range(20)]
assert (h.get8(m, 0), h.get8(m, 1)) == (0x34, 0x12)
h.put16(m, 3, -2)
h.put16(m, 4, 0x1BEEF)
h.put16(m, 5, 1 << 70 | 7)
assert (h.get16(m, 3), h.get16(m, 4), h.get16(m, 5)) == (0xFFFE, 0xBEEF, 7)
for index in (-1, h.usable_size(m) // 2, 1 << 20, 1 << 40):
    raises(IndexError, "", h.get16, m, index)
    raises(IndexError, "", h.put16, m, index, 0)

# Views: new ones, and one that goes from block to block without an object.
v = h.view(m)
assert len(v) == h.usable_size(m) and v[1] == 0x12
assert h.view(m, "H")[1] == 0x1235 and len(h.view(m, typecode="I")) == h.usable_size(m) // 4
other = h.calloc(24)
v[0] = 99
spare = memoryview(bytearray(8))
assert h.view(other, "H", spare) is spare and len(spare) == h.usable_size(other) // 2
spare[1] = 0xABCD
assert h.get16(other, 1) == 0xABCD and h.get8(m, 0) == 99


def driver():
    """What a handler does while the GC heap is locked."""
    heap_lock()
    try:
        n = h.malloc(16)
        view = h.view(n, "B", spare)
        view[0] = 5
        h.put16(n, 1, 0x0102)
        total = view[0] + view[2] + h.get16(n, 1)
        h.view(m, "B", into=view)
        total += view[0]
        h.free(n)
    finally:
        heap_unlock()
    return total


assert driver() == 5 + 2 + 0x0102 + 99
assert h.view(m, into=None)[0] == 99
with h.alloc(10, zero=True) as b:
    assert b.view("B", spare) is spare and len(spare) == 10
    spare[9] = 1
    assert b[9] == 1
for bad in (1, "a", bytearray(8), b"bytes", [], h, memoryview(b"read-only")):
    raises(TypeError, "into must be a writable memoryview", h.view, m, "B", bad)
for bad in ("O", "P", "S", "", "xx", "\0"):
    raises(ValueError, "bad typecode", h.view, m, bad)
raises(TypeError, "typecode", h.view, m, 66)
h.free(m)
h.free(other)

# No byte of another block, nor of the heap, in the cache lines of a padded one.
for line in (8, 16, 32, 64, 128):
    blocks = [
        h.alloc(n, align=line, pad=True) for n in (0, 1, line - 1, line, line + 1, 3 * line - 5)
    ]
    blocks.insert(3, h.alloc(5))
    h.check()
    taken = {}
    for offset, size, allocated in h.walk():
        header = (
            h.address(offset) - 4
            if allocated
            else blocks[0].address - blocks[0].offset + offset - 4
        )
        taken.setdefault(header // line, []).append(offset - 4)
    for b in blocks:
        if b is blocks[3]:
            continue
        assert b.address % line == 0
        rounded = (len(b) + line - 1) // line * line
        assert b.size >= rounded
        for at in range(0, rounded, line):
            assert (b.address + at) // line not in taken, (line, b, taken)
    b = blocks[5]
    b[:] = b"c" * len(b)
    b.realloc(5 * line + 3)
    assert b.address % line == 0 and b.size >= 6 * line and len(b) == 5 * line + 3
    assert b.resize(2 * line + 1) and b.size >= 3 * line and bytes(b[:2]) == b"cc"
    for b in blocks:
        b.free()
assert h.stats().blocks == 0
raises(MemoryError, "", h.alloc, 1 << 29, align=1 << 20, pad=True)

# C's calloc(count, size) is not what this is.
for size in (1, 2, 3, 4, 5, 6, 7, 12, 20, 100):
    raises(ValueError, "use calloc(count * size)", h.calloc, 10, size)
for size in (0, 8, 16, 64):
    h.free(h.calloc(10, size))
h.free(h.calloc(10, align=4))
raises(ValueError, "power of two", h.calloc, 10, align=12)
assert h.stats().blocks == 0

# No power of two is one, however large.
for align in (
    (1 << 31) + 1,
    (1 << 30) + 2,
    (1 << 32) - 1,
    (1 << 64) + 1,
    (1 << 70) - 1,
    -(1 << 70),
):
    raises(ValueError, "", h.alloc, 8, align=align)
    raises(ValueError, "", h.malloc, 8, align)
    raises(ValueError, "", h.calloc, 8, align=align)
for align in (1 << 29, 1 << 30, 1 << 31, 1 << 32, 1 << 40, 1 << 64, 1 << 70):
    assert h.malloc(8, align) == 0
    raises(MemoryError, "", h.alloc, 8, align=align)


# Subclasses: __init__ makes a heap, attach() does not call it.
class Mine(galloc.Heap):
    made = 0

    def __init__(self, size):
        Mine.made += 1
        super().__init__(bytearray(size), smallbins=8)

    def twice(self, size):
        return self.malloc(2 * size)


class Deeper(Mine):
    def malloc(self, size, align=8):
        return super().malloc(size, max(align, 32))


raises(ValueError, "geometry", Mine.attach, bytearray(4096))
raises(ValueError, "geometry", Mine.attach, bytearray(4096), 1000)
h.root[1] = 77
keep = h.alloc(12, zero=True)
for kind in (Mine, Deeper):
    mine = kind.attach(region)
    assert type(mine) is kind and isinstance(mine, galloc.Heap) and Mine.made == 0
    assert (
        mine.root[1] == 77
        and mine.stats().blocks == 1
        and list(mine.root) == [h.root[0], 77, 0, 0]
    )
    n = mine.twice(20)
    assert mine.usable_size(n) >= 40 and h.usable_size(n) == mine.usable_size(n)
    assert kind is Mine or mine.address(n) % 32 == 0
    mine.extra = n
    assert mine.extra == n
    mine.free(n)
mine = Deeper(3000)
assert Mine.made == 1 and mine.stats().total <= 3000
assert mine.address(mine.twice(10)) % 32 == 0
mine.check()
keep.free()

# Methods are objects like any other.
malloc, free, alloc = h.malloc, h.free, h.alloc
assert malloc == h.malloc and callable(free)
free(malloc(16))
alloc(16).free()
galloc.Heap.free(h, galloc.Heap.malloc(h, 16))
assert sorted(map(h.usable_size, [malloc(20), malloc(4)]))[0] >= 4
for n in [c[0] for c in h.walk() if c[2]]:
    free(n)


class Holder:
    give = h.malloc
    take = h.free


Holder().take(Holder().give(20))
for call in (galloc.Heap.malloc, galloc.Heap.stats, galloc.Heap.get32):
    raises(TypeError, "", call, None, 8, 8)
    raises(TypeError, "", call)
raises(TypeError, "", galloc.Block.free, h)
raises(TypeError, "", galloc.Arena.free, h)
assert h.stats().blocks == 0
h.check()

# Large numbers where 32 bits end.
for value in (0x3FFFFFFF, 0x40000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
    h.root[2] = value
    assert h.root[2] == value
for value in (-1, 1 << 32, 1 << 64, -(1 << 32)):
    raises(ValueError, "a root holds", h.root.__setitem__, 2, value)
for value in (None, "a", 1.5):
    raises(TypeError, "", h.root.__setitem__, 2, value)
print("ok")
