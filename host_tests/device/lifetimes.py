# Who keeps what alive, and what happens to those who hold on to something that is gone.
import gc

import galloc


def raises(kind, call, *args):
    try:
        call(*args)
    except kind:
        return
    raise AssertionError("no %s from %r%r" % (kind, call, args))


def litter():
    """Makes the collector run, and fills what it freed."""
    gc.collect()
    for size in (16, 64, 256, 1024) * 4:
        junk = bytearray(b"\xa5" * size)
        assert junk[0] == 0xA5
    gc.collect()


# A Heap keeps its buffer, a Block keeps its Heap.
h = galloc.Heap(bytearray(2000))
b = h.alloc(100)
b.view()[:] = bytes(range(100))
litter()
h.check()
del h
litter()
assert bytes(b) == bytes(range(100))
b.realloc(200)
assert bytes(b)[:100] == bytes(range(100))
b.free()

# A dead Block frees nothing: only the program says when.
h = galloc.Heap(bytearray(2000))
handle = h.alloc(50).offset
litter()
assert h.stats().blocks == 1
h.free(handle)

# Freed by its handle: the Block notices.
b = h.alloc(50)
h.free(b.offset)
raises(ValueError, len, b)
raises(ValueError, bytes, b)
raises(ValueError, b.free)
b.free()
h.check()

# The buffer grows under the heap, which may move it: an error, not followed.
buffer = bytearray(1500)
h = galloc.Heap(buffer)
b = h.alloc(20)
moved = False
try:
    buffer.extend(bytes(5000))
    moved = True
except (AttributeError, BufferError):
    pass
if moved:
    try:
        h.malloc(8)
    except ValueError:
        raises(ValueError, len, b)
        raises(ValueError, h.stats)
        raises(ValueError, h.check)
    else:
        h.check()  # it stayed where it was

# Slices of buffers, and items of other sizes.
whole = bytearray(3000)
h = galloc.Heap(memoryview(whole)[101:2901])
b = h.alloc(64)
b.view()[:] = b"x" * 64
assert whole[101 + b.offset] == 120 and b.address % 8 == 0
h.check()
assert whole[:101] == bytes(101) and whole[2901:] == bytes(99)
h = galloc.Heap(whole, 1501)
assert h.stats().total <= 1501
assert sum(whole[1501:]) == sum(whole[1501:2901])
try:
    from array import array

    h = galloc.Heap(array("H", bytes(2000)))
    assert 1900 < h.stats().total <= 2000
    h.alloc(100).free()
    h.check()
except ImportError:
    pass

# A heap in a block of another heap: freed, it is closed.
outer = galloc.Heap(bytearray(3500))
room = outer.alloc(1600)
inner = galloc.Heap(room)
b = inner.alloc(100)
b.view()[:] = b"y" * 100
inner.check()
outer.check()
room.free()
raises(ValueError, inner.malloc, 8)
raises(ValueError, len, b)
raises(ValueError, inner.check)
outer.check()

# A second heap on the same bytes: the first one and its blocks are stale.
buffer = bytearray(2000)
first = galloc.Heap(buffer)
old = first.alloc(40)
second = galloc.Heap(buffer)
new = second.alloc(40)
new.view()[:] = b"n" * 40
raises(ValueError, len, old)
raises(ValueError, first.malloc, 8)
raises(ValueError, first.check)
raises(ValueError, old.free)
assert bytes(new) == b"n" * 40
second.check()

# Re-opened, blocks are found again.
again = galloc.Heap.attach(buffer)
assert [c for c in again.walk() if c[2]] == [(new.offset, new.size, True)]
assert again.get8(new.offset, 0) == ord("n")
assert len(new) == 40
new.free()
again.check()
raises(ValueError, galloc.Heap.attach, bytearray(2000))
raises(ValueError, galloc.Heap.attach, buffer, 1500)
x = again.malloc(16)
buffer[x - 4] ^= 0x40
raises(ValueError, again.check)
raises(ValueError, galloc.Heap.attach, buffer)
raises(ValueError, again.free, x)

# Arenas.
h = galloc.Heap(bytearray(2048))
keep = h.alloc(16)
with h.arena() as a:
    for i in range(10):
        b = a.alloc(20 + i, align=16, zero=True)
        assert b.address % 16 == 0 and not any(bytes(b))
    b.free()
    assert h.stats().blocks == 10
    with h.arena() as nested:
        nested.alloc(10)
    assert h.stats().blocks == 10
assert h.stats().blocks == 1
raises(ValueError, a.alloc, 8)
raises(ValueError, len, b)
a.free()
try:
    with h.arena() as a:
        a.alloc(8)
        a.alloc(100000)
except MemoryError:
    pass
assert h.stats().blocks == 1
try:
    with h.arena() as a:
        one = a.alloc(8)
        two = a.alloc(8)
        h.free(two.offset)
except ValueError:
    pass
raises(ValueError, len, one)
assert h.stats().blocks == 1
try:
    with h.arena() as a:
        h.free(a.alloc(8).offset)
        raise KeyError("the program's own")
except KeyError as error:
    assert error.args[0] == "the program's own"
assert h.stats().blocks == 1
with h.arena() as a:
    kept = []
    gc.collect()
    before = gc.mem_alloc()
    for i in range(400):
        kept.append(a.alloc(8))
        if i >= 20:
            kept.pop(i % 20).free()
    assert h.stats().blocks == 21
    gc.collect()
    assert gc.mem_alloc() - before < 4000, "Blocks that were freed are forgotten"
assert h.stats().blocks == 1
raises(ValueError, len, kept[0])
keep.free()
h.check()
print("ok")
