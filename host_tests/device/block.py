# Block: length, buffer protocol, typed views, resize, realloc, free, with.
import galloc


def raises(kind, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kind as error:
        return str(error)
    raise AssertionError("no %s from %r%r" % (kind, call, args))


h = galloc.Heap(bytearray(3072))

for size in (0, 1, 7, 8, 9, 100, 255):
    b = h.alloc(size)
    assert len(b) == size and b.size >= size
    assert b.address % 8 == 0
    assert b.address == h.address(b.offset)
    assert h.usable_size(b.offset) == b.size
    h.check()
    b.free()

for align in (0, 1, 2, 4, 8, 16, 64, 256):
    with h.alloc(24, align=align) as b:
        assert b.address % (align or 1) == 0, (align, b.address)
        b.realloc(200)
        assert b.address % (align or 1) == 0, (align, b.address)

with h.alloc(64, zero=True) as b:
    assert bytes(b) == bytes(64)
    m = memoryview(b)
    assert len(m) == 64
    m[0] = 1
    m[63] = 2
    assert b.view()[0] == 1 and b.view()[63] == 2
    m[:4] = b"abcd"
    assert bytes(b)[:4] == b"abcd"
    assert b.view(typecode="H")[0] == b.view("H")[0]
    w = b.view("I")
    assert len(w) == 16
    w[1] = 0x01020304
    assert bytes(b)[4:8] == b"\x04\x03\x02\x01"
    assert len(b.view("H")) == 32 and len(b.view("b")) == 64 and len(b.view("Q")) == 8
    f = b.view("f")
    f[2] = 1.5
    assert f[2] == 1.5
assert h.stats().blocks == 0

# By index and slice, as a bytearray.
b = h.alloc(10, zero=True)
b[3] = 7
b[-1] = 9
b[4:7] = b"xyz"
assert b[3] == 7 and b[9] == 9 and b[-1] == 9 and bytes(b[4:7]) == b"xyz"
assert bytes(b) == b"\0\0\0\x07xyz\0\0\x09"
for i in (10, -11, 1 << 40):
    raises((IndexError, OverflowError), lambda: b[i])
raises(TypeError, lambda: b["a"])
source = h.alloc(4)
source[:] = b"1234"
b[3:7] = source
assert bytes(b) == b"\0\0\x001234\0\0\x09"
b[0:10] = b
assert bytes(b) == b"\0\0\x001234\0\0\x09"


def assign(start, stop):
    b[start:stop] = source


def assign_item():
    b[3] = source


raises(ValueError, assign, 0, 3)
raises(TypeError, assign_item)
source.free()
raises(ValueError, assign, 0, 4)
assert bytes(b) == b"\0\0\x001234\0\0\x09"
b[3:7] = b"\x07xyz"
for i, value in enumerate(b):
    assert value == b[i]
assert list(b) == list(bytes(b)) and ord("y") in b and 200 not in b

# A Block is itself and no other, whatever it holds; a freed one still is.
other = h.alloc(10, zero=True)
known = {b: 1, other: 2}
assert b == b and b != other and known[b] == 1 and known[other] == 2
other.free()
assert other in known
b.free()
raises(ValueError, lambda: b[0])
raises(ValueError, iter, b)

# An overwritten header is not mistaken for a block that was freed behind its Block's back.
region = bytearray(1024)
small = galloc.Heap(region)
b = small.alloc(16)
at = b.offset
region[at - 4] ^= 16
assert raises(ValueError, len, b) == "corrupt"
region[at - 4] ^= 16
small.free(at)
assert raises(ValueError, len, b) == "block is freed"
# zero=True clears what an earlier block left.
b = h.alloc(200)
b.view()[:] = b"\xff" * 200
b.free()
b = h.alloc(200, zero=True)
assert bytes(b) == bytes(200)
b.free()

# resize keeps the place, realloc keeps the bytes and the Block.
a = h.alloc(100)
for i in range(100):
    a.view()[i] = i
wall = h.alloc(16)
at = a.address
assert a.resize(40) is True and len(a) == 40 and a.address == at
assert a.resize(2000) is False and len(a) == 40 and a.address == at
assert list(a.view()) == list(range(40))
same = a.realloc(500)
assert same is a and len(a) == 500 and a.address != at
assert list(a.view())[:40] == list(range(40))
raises(MemoryError, a.realloc, 100000)
assert len(a) == 500 and list(a.view())[:40] == list(range(40))
assert a.realloc(0) is a and len(a) == 0
h.check()
a.free()
wall.free()

# Free, and free again; any other use afterwards raises.
b = h.alloc(32)
assert "32" in repr(b)
b.free()
b.free()
for use in (
    len,
    bytes,
    memoryview,
    bool,
    lambda b: b.address,
    lambda b: b.offset,
    lambda b: b.size,
    lambda b: b.view(),
    lambda b: b.view(typecode="H"),
    lambda b: b.resize(8),
    lambda b: b.realloc(8),
    lambda b: b.__enter__(),
):
    raises(ValueError, use, b)
assert repr(b)

with h.alloc(8) as b:
    b.free()
with h.alloc(8) as b:
    inner = b
raises(ValueError, len, inner)
try:
    with h.alloc(8) as b:
        raise KeyError
except KeyError:
    pass
assert h.stats().blocks == 0


def set_length(b):
    b.length = 3


b = h.alloc(16)
raises(AttributeError, set_length, b)
raises(AttributeError, lambda: b.nothing)
for bad in ("O", "P", "S", "", "xx", "x", "\0"):
    raises(ValueError, b.view, bad)
raises(TypeError, b.view, 1)
b.free()


class Mine(galloc.Heap):
    def __init__(self, size):
        super().__init__(bytearray(size))

    def malloc(self, size):
        return super().malloc(size, 16)


class Early(galloc.Heap):
    def __init__(self):
        self.malloc(8)


mine = Mine(2000)
assert mine.address(mine.malloc(5)) % 16 == 0
with mine.arena() as a:
    a.alloc(20)
mine.check()
assert mine.stats().blocks == 1
raises((TypeError, AttributeError, NotImplementedError), Early)
assert isinstance(h.alloc(1), galloc.Block)
raises(TypeError, galloc.Block)
h.check()
print("ok")
