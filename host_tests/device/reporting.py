# What a heap reports of itself: stats, walk, check, info, dump.
import galloc


class Sink:
    def __init__(self):
        self.data = bytearray()

    def write(self, data):
        self.data += bytes(data)


buffer = bytearray(6000)
h = galloc.Heap(buffer)
fields = "total used free largest overhead peak_used blocks free_chunks allocs frees failures"
s = h.stats()
for i, name in enumerate(fields.split() + ["fragmentation"]):
    assert getattr(s, name) == s[i]
assert s.used == s.blocks == s.allocs == s.frees == s.failures == 0
assert s.used + s.free + s.overhead == s.total and 6000 - 23 <= s.total <= 6000
assert s.free_chunks == 1 and s.largest == s.free and s.fragmentation == 0.0

blocks = [h.alloc(16 + 8 * i) for i in range(30)]
for b in blocks[::2]:
    b.free()
s = h.stats()
assert (s.blocks, s.allocs, s.frees) == (15, 30, 15)
assert s.used == sum(b.size for b in blocks[1::2])
assert s.peak_used > s.used
assert s.used + s.free + s.overhead == s.total
assert 0 < s.fragmentation < 1
assert abs(s.fragmentation - (1 - s.largest / s.free)) < 1e-5
try:
    h.alloc(10000)
except MemoryError as error:
    assert str(error) == "memory allocation failed, allocating 10000 bytes", error
assert h.stats().failures == 1

chunks = list(h.walk())
assert [c[0] for c in chunks if c[2]] == sorted(b.offset for b in blocks[1::2])
assert sum(c[1] for c in chunks if c[2]) == s.used
assert sum(c[1] for c in chunks if not c[2]) == s.free
assert len(chunks) == s.blocks + s.free_chunks
for one, two in zip(chunks, chunks[1:]):
    assert one[0] + one[1] + 4 == two[0]

# The heap may change while somebody walks.
seen = 0
for offset, _size, allocated in h.walk():
    seen += 1
    if allocated:
        h.free(offset)
assert seen >= 15 and h.stats().blocks == 0
h.check()

sink = Sink()
h.dump(sink)
assert sink.data == buffer and len(sink.data) == 6000

a = h.alloc(64)
a.view()[:] = b"z" * 64
h.info()
h.info(1)

# A header overwritten by its neighbour's overflow: reported, with the place.
b = h.alloc(64)
buffer[a.offset + a.size] ^= 0xFF
try:
    h.check()
except ValueError as error:
    assert "corrupt at offset" in str(error), error
    at = int(str(error).split()[-1])
    assert a.offset - 4 <= at <= a.offset + 200, (at, a.offset)
else:
    raise AssertionError("an overflow went unnoticed")
print("ok")
