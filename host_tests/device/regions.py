# Regions of every small size at every offset, other heaps' neighbours untouched; configurations.
import galloc

buffer = bytearray(1536)
view = memoryview(buffer)


def try_region(start, size):
    """The blocks that a region of so many bytes holds, None when it is refused."""
    for i in range(1536):
        buffer[i] = 0xEE
    part = view[start : start + size]
    try:
        h = galloc.Heap(part)
    except ValueError:
        assert buffer == b"\xee" * 1536, (start, size)
        return None
    count = 0
    while h.malloc(8):
        count += 1
    h.check()
    for offset, usable, allocated in list(h.walk()):
        if allocated:
            for i in range(usable):
                part[offset + i] = 0x11
    h.check()
    for offset, _, allocated in list(h.walk()):
        if allocated:
            h.free(offset)
    h.check()
    assert h.stats().free_chunks == 1
    assert buffer[:start] == b"\xee" * start
    assert buffer[start + size :] == b"\xee" * (1536 - start - size)
    return count


for offset in range(9):
    for size in range(65):
        try_region(offset, size)
sizes = [n for n in range(64, 1500, 41) if try_region(n % 8, n)]
assert sizes, "no region below 1500 bytes will do"
assert sizes[-1] > 1400 and try_region(3, 1500) > 20

raised = 0
for call in (
    lambda: galloc.Heap(bytearray(0)),
    lambda: galloc.Heap(bytearray(20)),
    lambda: galloc.Heap(buffer, 2000),
    lambda: galloc.Heap(buffer, -1),
    lambda: galloc.Heap(buffer, sub_bins=1),
    lambda: galloc.Heap(buffer, sub_bins=-1),
    lambda: galloc.Heap(buffer, smallbins=-1),
    lambda: galloc.Heap(buffer, smallbins=65536),
    lambda: galloc.Heap(0, 1000),
    lambda: galloc.Heap(-8, 1000),
    lambda: galloc.Heap(1 << 70, 1000),
    lambda: galloc.Heap(0x1000),
):
    try:
        call()
    except ValueError:
        raised += 1
assert raised == 12, raised
for call in (
    lambda: galloc.Heap(bytes(1000)),
    lambda: galloc.Heap("region" * 200),
    lambda: galloc.Heap([0] * 100),
    lambda: galloc.Heap(1.5, 1000),
    lambda: galloc.Heap(buffer, "large"),
    lambda: galloc.Heap(buffer, smallbins="two"),
    lambda: galloc.Heap(buffer, 1000, 4),
):
    try:
        call()
    except TypeError:
        raised += 1
assert raised == 19, raised

# The size that the error names will do, and not much less.
for smallbins, sub_bins in ((0, 0), (1, 2), (5, 8), (200, 65535)):
    try:
        galloc.Heap(view[:8], smallbins=smallbins, sub_bins=sub_bins)
        raise AssertionError("8 bytes")
    except ValueError as error:
        words = error.args[0].split()
        assert words[:3] == ["region", "too", "small,"], words
        size = int(words[3])
    galloc.Heap(view[7 : 7 + size], smallbins=smallbins, sub_bins=sub_bins).alloc(8).free()
    try:
        galloc.Heap(view[: size - 64], smallbins=smallbins, sub_bins=sub_bins)
        raise AssertionError("%d bytes, where %d are said to do" % (size - 64, size))
    except ValueError:
        pass
for call, text in (
    (lambda: galloc.Heap(buffer, sub_bins=1), "sub_bins must be 2 or more"),
    (lambda: galloc.Heap(buffer).alloc(8, align=-8), "align must be a power of two"),
    (lambda: galloc.Heap(buffer).alloc(-8), "negative size"),
):
    try:
        call()
        raise AssertionError(text)
    except ValueError as error:
        assert error.args[0] == text, error

for smallbins, sub_bins in ((1, 2), (2, 2), (4, 2), (8, 4), (20, 8)):
    try:
        h = galloc.Heap(bytearray(2048), smallbins=smallbins, sub_bins=sub_bins)
    except ValueError as error:
        raise AssertionError((smallbins, sub_bins, error))
    blocks = [h.alloc(8 * i, align=8 << i % 4) for i in range(12)]
    h.check()
    for b in blocks:
        b.free()
    h.check()
h = galloc.Heap(bytearray(1536), bounded_search=True)
h.alloc(16, align=64).free()
h.check()
print("ok")
