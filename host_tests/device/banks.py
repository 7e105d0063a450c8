# Regions of the board as banks: by attributes, with one kind of handle; and what is refused.
import galloc

try:
    from micropython import heap_lock, heap_unlock
except ImportError:
    heap_lock = heap_unlock = lambda: None


def raises(kind, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kind as error:
        return error
    raise AssertionError("no %s from %r%r" % (kind, call, args))


regions = galloc.regions()
if not regions:
    assert raises(OSError, galloc.heap, "DMA").args[0] == 19
    assert raises(OSError, galloc.initialized, "DMA").args[0] == 19
    galloc.init(bytearray(4096))
else:
    first = regions[0][3]
    assert not galloc.initialized() and not galloc.initialized(0)
    assert not galloc.initialized(wants=first)
    h = galloc.heap(first)
    assert h is galloc.heap() and h is galloc.heap(0) and h is galloc.heap(wants=first)
    assert galloc.initialized(0) and galloc.initialized(first) and galloc.initialized(None)
    m = galloc.malloc(40, wants=first)
    assert galloc.usable_size(m) >= 40 and h.usable_size(m) >= 40
    b = galloc.alloc(40, wants=first, align=64)
    assert b.address % 64 == 0 and regions[0][1] <= b.address < regions[0][1] + regions[0][2]
    has = set("|".join(r[3] for r in regions).split("|"))
    for name in ("FAST", "DMA", "EXTERNAL", "PERSIST"):
        if name not in has:
            error = raises(OSError, galloc.alloc, 8, wants=name)
            assert error.args == (19, name), error
            assert raises(OSError, galloc.malloc, 8, wants=name + "|" + first).args == (19, name)
            assert raises(OSError, galloc.Heap, name).args == (19, name)
    for bad in ("CCM", "DMA|", "dma", "DMA FAST", "FAST||DMA"):
        if bad != "DMA|":
            raises(ValueError, galloc.alloc, 8, wants=bad)
            raises(ValueError, galloc.heap, bad)
            raises(ValueError, galloc.initialized, bad)
    raises(IndexError, galloc.heap, len(regions))
    raises(IndexError, galloc.heap, -1)
    raises(IndexError, galloc.initialized, len(regions))
    raises(TypeError, galloc.alloc, 8, wants=1.5)
    raises(TypeError, galloc.free, m, wants=first)
    raises(TypeError, galloc.malloc, wants=first)
    raises(TypeError, h.alloc, 8, wants=first)
    # A handle of a bank that there is not, or that is not open.
    raises(ValueError, galloc.free, m | 7 << 27)
    assert galloc.usable_size(m | 7 << 27) == 0
    b.free()
    galloc.free(m)

if len(regions) > 1:
    name, address, size, attributes = regions[1]
    raises(ValueError, galloc.get8, 8 | 1 << 27, 0)
    only = [a for a in attributes.split("|") if a not in regions[0][3].split("|")]
    # Fill the first so that the second is next for what both have.
    both = [a for a in attributes.split("|") if a in regions[0][3].split("|")]
    wants = "|".join(both)
    assert not galloc.initialized(1)  # to ask makes none
    d = galloc.heap(1)
    assert galloc.initialized(1)
    assert galloc.Heap is type(d) and d.stats().blocks == 0
    full = galloc.alloc(galloc.stats().largest)
    assert galloc.malloc(1000) == 0
    x = galloc.malloc(1000, wants=wants)
    assert x >> 27 == 1 and address <= galloc.address(x) < address + size
    assert galloc.address(x) == d.address(x & (1 << 27) - 1)
    y = z = 0  # no name may be new while the heap is locked
    heap_lock()
    y = galloc.malloc(24, 32, wants=wants)
    galloc.put32(y, 2, 1234567)
    z = galloc.get32(y, 2) == 1234567 and galloc.usable_size(y) >= 24
    y = galloc.realloc(y, 100)
    galloc.free(y)
    heap_unlock()
    assert z
    for i in range(1000):
        galloc.put8(x, i, i & 255)
    c = galloc.calloc(100, wants=wants)
    assert c >> 27 == 1 and not any(galloc.view(c))
    blk = galloc.alloc(200, wants=wants, align=128, zero=True)
    assert address <= blk.address < address + size and blk.address % 128 == 0 and not any(blk)
    assert galloc.block(c).address == galloc.address(c)
    if only:
        with galloc.arena(wants="|".join(only)) as a:
            assert address <= a.alloc(30).address < address + size
    # From one bank to another, whole, when there is room again.
    full.free()
    before = galloc.heap().stats().blocks
    x = galloc.realloc(x, 1500, wants=wants)
    assert x >> 27 == 1, "its own bank has what is wanted and room"
    x = galloc.realloc(x, 1200, wants=regions[0][3])
    assert x >> 27 == 0 and galloc.heap().stats().blocks == before + 1
    assert all(galloc.get8(x, i) == i & 255 for i in range(1000))
    if only:
        x = galloc.realloc(x, 1600, wants="|".join(only))
        assert x >> 27 == 1 and all(galloc.get8(x, i) == i & 255 for i in range(1000))
        assert galloc.heap().stats().blocks == before
        assert galloc.stats(wants="|".join(only)).blocks == d.stats().blocks
    assert galloc.realloc(x, 1 << 26, wants=wants) == 0
    assert all(galloc.get8(x, i) == i & 255 for i in range(1000))
    raises(MemoryError, galloc.alloc, 1 << 26, wants=wants)
    assert galloc.malloc(1 << 26, wants=wants) == 0
    galloc.free(x)
    assert "not allocated" in str(raises(ValueError, galloc.free, x))
    galloc.free(c)
    blk.free()
    assert d.stats().blocks == 0 and galloc.heap().stats().blocks == 0
    for h in (galloc.heap(), d):
        h.check()
    galloc.info()
    # A damaged bank: the error names it, requests that others can serve go there.
    import machine

    at = galloc.heap()._place()[0]
    kept = [machine.mem32[at + 4 * i] for i in range(16)]
    for i in range(16):
        machine.mem32[at + 4 * i] = 0x5A5A5A5A
    raises(ValueError, galloc.check)
    raises(ValueError, galloc.alloc, 8)
    raises(ValueError, galloc.alloc, 8, wants=regions[0][3])
    e = galloc.alloc(8, wants=wants)
    f = galloc.malloc(8, wants=wants)
    assert address <= e.address < address + size and f >> 27 == 1
    galloc.free(f)
    e.free()
    d.check()
    for i in range(16):
        machine.mem32[at + 4 * i] = kept[i]
    galloc.check()
    # A new heap on the bank takes the place of the one before.
    k = galloc.malloc(8, wants=attributes)
    n = galloc.Heap("|".join(only)) if only else galloc.Heap(address, size)
    assert galloc.heap(1) is n and n.stats().blocks == 0
    raises(ValueError, d.malloc, 8)
    raises(RuntimeError, galloc.init, attributes)
galloc.check()
print("ok")
