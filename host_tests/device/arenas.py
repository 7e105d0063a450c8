# Arenas: no block is lost, whatever allocates from one, and whenever it ends.
import gc

import galloc

try:
    from micropython import schedule
except ImportError:
    schedule = None


def raises(kind, text, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kind as error:
        assert text in str(error), (text, str(error))
        return
    raise AssertionError("no %s from %r%r" % (kind, call, args))


region = bytearray(12000)
h = galloc.Heap(region)


def blocks():
    h.check()
    return h.stats().blocks


# Blocks are freed one by one in any order, and with the arena; a freed one is forgotten.
for order in ((0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 0, 4), (1, 3), ()):
    a = h.arena()
    made = [a.alloc(10 + 7 * i, align=8 << i) for i in range(5)]
    for i, b in enumerate(made):
        assert b.address % (8 << i) == 0 and len(b) == 10 + 7 * i
        b[:] = bytes([i]) * len(b)
    for i in order:
        made[i].free()
        made[i].free()
    for i, b in enumerate(made):
        assert i in order or bytes(b) == bytes([i]) * len(b)
    assert blocks() == 5 - len(order)
    a.free()
    assert blocks() == 0
    for b in made:
        raises(ValueError, "block is freed", len, b)
        b.free()
    a.free()
    raises(ValueError, "arena is closed", a.alloc, 8)
    raises(ValueError, "arena is closed", a.__enter__)

# Resized and moved, a block stays in its arena.
a = h.arena()
b = a.alloc(40)
wall = a.alloc(40)
b[:] = b"m" * 40
at = b.address
assert b.realloc(2000) is b and b.address != at and bytes(b[:40]) == b"m" * 40
assert wall.resize(8)
a.free()
assert blocks() == 0

# A block keeps its arena: freed after all else forgot it, it writes to nobody's memory.
kept = [h.arena().alloc(20) for _ in range(10)]
gc.collect()
junk = [bytearray(b"\xa5" * 40) for _ in range(60)]
for b in kept:
    b.free()
assert all(bytes(j) == b"\xa5" * 40 for j in junk) and blocks() == 0

# What fails costs nothing, and the arena goes on.
with h.arena() as a:
    a.alloc(100)
    raises(MemoryError, "allocating 100000 bytes", a.alloc, 100000)
    raises(ValueError, "negative", a.alloc, -1)
    raises(ValueError, "power of two", a.alloc, 8, align=12)
    raises(TypeError, "", a.alloc)
    raises(TypeError, "", a.alloc, 8, 8)
    raises(TypeError, "", a.alloc, "a")
    a.alloc(100)
    assert blocks() == 2
assert blocks() == 0

# The arena of a heap that ended: an exception, once, and the new heap has all of its blocks.
a = h.arena()
a.alloc(16)
b = a.alloc(16)
h = galloc.Heap(region)
new = h.alloc(16)
raises(ValueError, "made again", a.alloc, 8)
raises(ValueError, "made again", a.free)
raises(ValueError, "", len, b)
a.free()
assert blocks() == 1 and len(new) == 16
new.free()

# A block that cannot be freed does not cost the others; the body's exception comes out.
for error in (None, KeyError):
    try:
        with h.arena() as a:
            one, two, three = a.alloc(20), a.alloc(20), a.alloc(20)
            h.free(two.offset)
            if error:
                raise error("the program's own")
    except (ValueError, KeyError) as caught:
        assert type(caught) is (error or ValueError), caught
    assert blocks() == 0
    a.free()

# Functions that MicroPython runs between two bytecodes allocate and free in the same arena.
if schedule:
    calls = 0
    mine = []

    def callback(what):
        global calls
        calls += 1
        mine.append(a.alloc(24 + what))
        if what % 3 == 0:
            mine.pop(what % len(mine)).free()

    for number in range(30):
        a = h.arena()
        mine = []
        made = []
        for i in range(20):
            try:
                schedule(callback, i)
            except RuntimeError:
                pass  # the queue is full
            made.append(a.alloc(16))
            if i % 3:
                made.pop(i % len(made)).free()
        for i in range(20):
            pass  # the last ones run here
        assert blocks() == len(made) + len(mine) and mine
        a.free()
        assert blocks() == 0, number
    assert calls >= 30 * 10, calls

# The GC heap keeps nothing of blocks that are freed.
with h.arena() as a:
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(400):
        a.alloc(8).free()
    gc.collect()
    assert gc.mem_alloc() - before < 1000
print("ok")
