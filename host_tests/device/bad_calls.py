# Every method with every combination of bad arguments: an exception of the contract, never a
# crash, and the region as it was: after a refused call not one of its bytes has changed.
import gc

import galloc

buffer = bytearray(2048)
h = galloc.Heap(buffer)
block = h.alloc(40)
block.view()[:] = b"b" * 40
gone = h.alloc(40)
gone.free()
handle = block.offset


class Index:
    def __index__(self):
        return 8


odd = [
    None,
    "a",
    b"b",
    1.5,
    [],
    (),
    {},
    object(),
    Index,
    len,
    h,
    block,
    gone,
    galloc,
    -1,
    -(1 << 40),
    -(1 << 70),
    3,
    1 << 30,
    (1 << 31) - 1,
    1 << 31,
    1 << 32,
    (1 << 62) + 1,
    1 << 64,
    1 << 70,
]
expected = (
    TypeError,
    ValueError,
    MemoryError,
    OverflowError,
    IndexError,
    OSError,
    AttributeError,
    RuntimeError,
)
calls = refused = 0


def attempt(call, *args, give_back=None, **kwargs):
    """Calls; what it hands out is given back: a Block, or by `give_back` what is no zero."""
    global calls, refused
    calls += 1
    before = bytes(buffer)
    try:
        result = call(*args, **kwargs)
    except MemoryError:  # counted in the heap
        refused += 1
        assert h.stats().used == used, (call, args, kwargs)
        return
    except expected:
        refused += 1
        assert before == buffer, (call, args, kwargs)
        return
    if isinstance(result, galloc.Block) and result is not block:
        result.free()
    elif give_back and result:
        give_back(result)
    assert h.stats().used == used, (call, args, kwargs)


def attempt_raw(call, *args, **kwargs):
    """Calls; the handle is given back."""
    attempt(call, *args, give_back=h.free, **kwargs)


used = h.stats().used
start = h.stats()
for x in odd:
    attempt_raw(h.malloc, x)
    attempt_raw(h.calloc, x)
    for call in (h.alloc, h.usable_size, h.address, h.get8, h._walk):
        attempt(call, x)
    attempt(h.free, x if x is not handle else None)
    for name in ("align", "zero", "size", "nothing"):
        attempt(h.alloc, 8, **{name: x})
        attempt_raw(h.malloc, 8, **{name: x})
    attempt(block.view, x)
    attempt(gone.view, x)
    attempt(gone.resize, x)
    attempt(gone.realloc, x)
    attempt(galloc.Heap, x)
    attempt(galloc.Heap.attach, x)
    attempt(galloc.Heap, bytearray(10), x)
    attempt(galloc.Heap, bytearray(300), smallbins=x)
    attempt(galloc.Heap, bytearray(300), sub_bins=x)
    attempt_raw(galloc.Heap.malloc, x, 8)
    attempt(galloc.Heap.stats, x)
    attempt(galloc.Block.free, x if x is not block else None)
    attempt(galloc.Block.view, x if x is not block else None)
    attempt(h.dump, x)
    attempt(lambda: h.root[x])
    attempt(lambda: block[x])
    attempt(lambda: gone[x])
    attempt(galloc.init, x)
    attempt(galloc.free, x)
    with h.arena() as arena:
        attempt(arena.alloc, x)
        attempt(arena.alloc, 8, align=x)
    for y in odd:
        if x is not block:
            attempt_raw(h.malloc, 8 if y is None else y, x)
            attempt(h.get8, handle if y is None else y, x)
            attempt(h.get32, x, y)
            attempt_raw(h.realloc, x, y)
            attempt(h.put8, x, y, 0)
            attempt(h.put32, x, 0, y)
    gc.collect()
    h.check()
for call in (h.alloc, h.malloc, h.free, h.realloc, h.put8, h.get8, h.stats, h.check, block.free):
    attempt(call, 1, 2, 3, 4, 5, 6)
for call in (h.alloc, h.malloc, h.free, h.realloc, h.put8, h.get8, block.resize, block.realloc):
    attempt(call)

# A call without arguments, of a method and of the functions of the shared heap.
for of in (h, galloc):
    for name in "alloc malloc calloc realloc free usable_size address block view dump".split() + [
        part + str(bits) for part in ("get", "put") for bits in (8, 16, 32)
    ]:
        if of is galloc and not galloc.regions():
            continue
        try:
            getattr(of, name)()
            raise AssertionError("no TypeError from %s()" % name)
        except TypeError:
            pass
for call in (h.arena().alloc, block.resize, block.realloc, galloc.Heap.alloc, galloc.Block.free):
    try:
        call()
        raise AssertionError("no TypeError from %r" % call)
    except TypeError:
        pass

# An index beyond the items, be it longer than a word, is no index.
for x in (-1, 4, 1 << 32, -(1 << 32), (1 << 32) + 1, 1 << 64, -(1 << 64), (1 << 64) + 1, 1 << 80):
    for call, args in (
        (h.root.__getitem__, (x,)),
        (h.root.__setitem__, (x, 9)),
        (h.get8, (handle, x if x != 4 else 40 + 4)),
        (h.put8, (handle, x if x != 4 else 40 + 4, 77)),
        (h.get32, (handle, x if x != 4 else 11)),
        (h.put32, (handle, x if x != 4 else 11, 77)),
    ):
        before = bytes(buffer)
        try:
            call(*args)
            raise AssertionError((call, args))
        except IndexError:
            assert before == buffer, (call, args)

# No two of these calls are the same.
assert refused >= 1000, (calls, refused)
h.check()
s = h.stats()
assert s.blocks == 1 and s.allocs - s.frees == 1, s
assert (s.used, s.free, s.largest, s.free_chunks) == (
    start.used,
    start.free,
    start.largest,
    start.free_chunks,
), (start, s)
assert bytes(block) == b"b" * 40
print("ok")
