# The raw tier: handles, bounds, and not one byte of the GC heap.
import galloc

try:
    from micropython import heap_lock, heap_unlock
except ImportError:

    def heap_lock():
        pass

    heap_unlock = heap_lock


def raises(kind, text, call, *args):
    try:
        call(*args)
    except kind as error:
        assert text in str(error), (text, str(error))
        return
    raise AssertionError("no %s from %r%r" % (kind, call, args))


buffer = bytearray(3072)
h = galloc.Heap(buffer)
m = h.malloc(40)
assert type(m) is int and 0 < m < 3072
assert h.usable_size(m) >= 40

# The handle is the offset in the region.
h.put8(m, 0, 0x5A)
assert buffer[m] == 0x5A and h.get8(m, 0) == 0x5A
h.put32(m, 2, 0x12345678)
assert bytes(buffer[m + 8 : m + 12]) == b"\x78\x56\x34\x12"
assert h.get32(m, 2) == 0x12345678
h.put32(m, 1, 0xFFFFFFFF)
assert h.get32(m, 1) == 0xFFFFFFFF
h.put32(m, 1, -2)
assert h.get32(m, 1) == 0xFFFFFFFE
h.put8(m, 3, 256 + 7)
assert h.get8(m, 3) == 7

usable = h.usable_size(m)
assert h.get8(m, usable - 1) is not None
for get, top in ((h.get8, usable), (h.get32, usable // 4)):
    for index in (-1, top, 1 << 20):
        raises(IndexError, "", get, m, index)
raises(IndexError, "", h.put8, m, usable, 0)
raises(IndexError, "", h.put32, m, usable // 4, 0)

# No memory is 0, not an exception.
assert h.malloc(9000) == 0
assert h.malloc(1 << 40) == 0
assert h.malloc(1 << 70) == 0
assert h.malloc(8, 1 << 20) == 0
assert h.calloc(9000) == 0
assert h.realloc(m, 9000) == 0
assert h.usable_size(m) == usable and h.get32(m, 1) == 0xFFFFFFFE
assert h.stats().failures >= 6

# By position or by name.
n = h.malloc(8, align=64)
assert h.address(n) % 64 == 0
n = h.realloc(n, 100, align=128)
assert h.address(n) % 128 == 0
h.free(n)
n = h.calloc(64, 32)
assert h.address(n) % 32 == 0 and all(h.get32(n, i) == 0 for i in range(16))
h.free(n)
n = h.realloc(0, 24)
assert n and h.usable_size(n) >= 24
h.free(n)

# Every misuse has its name, and changes nothing.
before = bytes(buffer)
raises(ValueError, "not allocated", h.free, n)
raises(ValueError, "null", h.free, 0)
raises(ValueError, "misaligned", h.free, m + 1)
raises(ValueError, "foreign", h.free, 3072)
raises(ValueError, "foreign", h.free, -8)
raises(ValueError, "foreign", h.free, 1 << 70)
for fault, bad in (
    ("not allocated", n),
    ("null", 0),
    ("misaligned", m + 1),
    ("", m + 8),  # what it is called hangs on the bytes there
    ("foreign", 8),
    ("foreign", 3072),
    ("foreign", -8),
    ("foreign", 1 << 31),
    ("foreign", 1 << 70),
):
    raises(ValueError, fault, h.address, bad)
    raises(ValueError, fault, h.get8, bad, 0)
    raises(ValueError, fault, h.get32, bad, 0)
    raises(ValueError, fault, h.put8, bad, 0, 0)
    raises(ValueError, fault, h.put32, bad, 0, 0)
    assert h.usable_size(bad) == 0
    if bad:
        raises(ValueError, fault, h.realloc, bad, 8)
raises(ValueError, "", h.malloc, -1)
raises(ValueError, "", h.malloc, 8, 3)
buffer[m - 4] ^= 16  # as one overflow from below would
for use in (h.free, h.address, lambda m: h.get8(m, 0), lambda m: h.realloc(m, 8)):
    raises(ValueError, "corrupt", use, m)
buffer[m - 4] ^= 16
assert bytes(buffer) == before
h.free(m)
h.check()


def swap(b, i, k):
    """Reads and writes single bytes of a Block without an object."""
    heap_lock()
    try:
        b[i], b[k] = b[k], b[i]
        b[0] = 0x1FE
        b[1] = -1
    finally:
        heap_unlock()


b = h.alloc(10)
b[:] = b"\0\0\0\x07xyz\0\0\x09"
swap(b, 4, 6)
assert bytes(b) == b"\xfe\xff\0\x07zyx\0\0\x09"
b.free()


def locked():
    """All of the raw tier while the GC heap refuses every request."""
    heap_lock()
    try:
        a = h.malloc(40)
        b = h.calloc(24, 32)
        c = h.malloc(16, align=64)
        a = h.realloc(a, 200)
        a = h.realloc(a, 20, 16)
        h.put8(a, 1, 99)
        h.put32(b, 1, 123456)
        seen = h.get8(a, 1) + h.get32(b, 1) + h.usable_size(c) * 0
        h.address(b) if h_low else None
        full = 0
        while h.malloc(64):
            full += 1
        nothing = h.malloc(9000)
        h.free(a)
        h.free(b)
        h.free(c)
    finally:
        heap_unlock()
    return seen, full, nothing


h_low = galloc.Heap(bytearray(2048)).alloc(8).address < 1 << 30
seen, full, nothing = locked()
assert seen == 99 + 123456 and full > 5 and nothing == 0
assert h.stats().blocks == full
h.check()

galloc.init(bytearray(3072))


def module_level():
    heap_lock()
    try:
        a = galloc.malloc(40)
        a = galloc.realloc(a, 80)
        galloc.put8(a, 1, 7)
        value = galloc.get8(a, 1)
        b = galloc.calloc(8)
        galloc.put32(b, 0, 5)
        value += galloc.get32(b, 0)
        galloc.free(a)
        galloc.free(b)
    finally:
        heap_unlock()
    return value


assert module_level() == 12
assert galloc.stats().blocks == 0
print("ok")
