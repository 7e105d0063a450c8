# Damage: each call says what is wrong, and says nothing else; nothing of a heap that ended passes.
import galloc


def raises(kind, text, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kind as error:
        assert text in str(error), (text, str(error))
        return
    raise AssertionError("no %s from %r%r" % (kind, call, args))


# A stray write over any word of the control block that never changes: every call names it.
region = bytearray(2048)
h = galloc.Heap(region)
block = h.alloc(40)
handle = h.malloc(24)
arena = h.arena()
arena.alloc(16)
before = bytes(region)
start = 0
h.check()
named = 0
for word in range(0, 256, 4):
    region[word] ^= 0x40
    try:
        h.check()
        damaged = None
    except ValueError as error:
        damaged = str(error)
    if damaged == "geometry at offset 0":
        named += 1
        for call, args in (
            (len, (block,)),
            (bytes, (block,)),
            (block.view, ()),
            (block.resize, (8,)),
            (block.realloc, (500,)),
            (block.__enter__, ()),
            (lambda: block[0], ()),
            (lambda: block.size, ()),
            (h.alloc, (8,)),
            (h.malloc, (8,)),
            (h.malloc, (8, 64)),
            (h.calloc, (8,)),
            (h.realloc, (handle, 500)),
            (h.realloc, (0, 8)),
            (h.free, (handle,)),
            (h.usable_size, (handle,)),
            (h.address, (handle,)),
            (h.block, (handle,)),
            (h.view, (handle,)),
            (h.get8, (handle, 0)),
            (h.put8, (handle, 0, 1)),
            (h.get32, (handle, 0)),
            (h.put32, (handle, 0, 1)),
            (h.stats, ()),
            (h.info, ()),
            (lambda: list(h.walk()), ()),
            (lambda: h.root[0], ()),
            (arena.alloc, (8,)),
        ):
            raises(ValueError, "geometry", call, *args)
        raises(ValueError, "geometry", galloc.Heap.attach, region)
    elif damaged:
        # Something that changes: it is reported as corrupt, and a request is not refused for want
        # of memory that is there.
        assert damaged.startswith("corrupt at offset"), damaged
        raises(ValueError, "corrupt", galloc.Heap.attach, region)
        for call in (h.alloc, h.malloc):
            try:
                assert call(8), "no memory, where there is enough"
            except ValueError as error:
                assert "corrupt" in str(error), error
    region[:] = before
assert named >= 2, named
h.check()
block.free()
arena.free()
h.free(handle)
assert h.stats().blocks == 0

# walk() and info(1) at a damaged header: what is before it, and the fault.
h = galloc.Heap(region)
blocks = [h.alloc(20) for _ in range(60)]
whole = list(h.walk())
assert len(whole) == h.stats().blocks + h.stats().free_chunks
for number in (0, 1, 23, 24, 25, 40, len(whole) - 1):
    at = whole[number][0] - 4
    word = bytes(region[at : at + 4])
    region[at : at + 4] = b"\xff\xff\xff\xff"
    seen = []
    try:
        for chunk in h.walk():
            seen.append(chunk)
        raise AssertionError("not one word of a damaged chunk")
    except ValueError as error:
        assert "corrupt at offset %d" % at in str(error), (error, at)
    assert seen == whole[:number], (number, len(seen))
    h.info(1)  # says so, and ends
    region[at : at + 4] = word
    h.check()

# A heap made over a damaged or overwritten one: no Block of the old one passes.
for damage in (
    (8, 40, 0xFF),
    (0, 4, 0x00),
    (0, 64, 0xA5),
    (36, 40, 0x5A),
    (0, 2048, 0x00),
    (0, 0, 0),
):
    old = galloc.Heap(region)
    a = old.alloc(100)
    m = old.malloc(20)
    arena = old.arena()
    arena.alloc(20)
    first, last, value = damage
    for i in range(first, last):
        region[i] = value
    new = galloc.Heap(region)
    b = new.alloc(100)
    n = new.malloc(20)
    b[:] = b"n" * 100
    for use in (len, bytes, lambda x: x[0], lambda x: x.realloc(8), lambda x: x.free()):
        try:
            use(a)
            raise AssertionError("a Block of the heap before")
        except ValueError:
            pass
    for use in (old.malloc, old.alloc, old.free, old.usable_size, old.address):
        raises(ValueError, "made again", use, n)
    raises(ValueError, "made again", old.check)
    raises(ValueError, "made again", arena.free)
    assert len(b) == 100 and bytes(b) == b"n" * 100 and new.usable_size(n)
    new.check()
    assert new.stats().blocks == 2
for size in (2000, 1000, 700):
    old = new
    new = galloc.Heap(region, size)
    raises(ValueError, "made again", old.malloc, 8)


# dump(): all of the bytes or an exception, whatever the stream takes; of a damaged heap too.
class Stream:
    def __init__(self, answer):
        self.data = bytearray()
        self.answer = answer

    def write(self, data):
        took = self.answer(len(data))
        self.data += bytes(data[: len(data) if took is None else took])
        return took


region[0] ^= 1
for answer in (
    lambda n: None,
    lambda n: n,
    lambda n: min(n, 100),
    lambda n: 1,
    lambda n: (n + 1) // 2,
):
    stream = Stream(answer)
    new.dump(stream)
    assert stream.data == region[:700], len(stream.data)
for answer in (lambda n: 0, lambda n: -1, lambda n: n + 1):
    raises(OSError, "", new.dump, Stream(answer))
try:
    from io import IOBase

    class Busy(IOBase):
        left = 1000

        def write(self, data):
            took = min(len(data), self.left)
            self.left -= took
            return took or None  # a stream of MicroPython's that would block

    busy = Busy()
    busy.left = 300
    raises(OSError, "", new.dump, busy)
    busy.left = 700
    new.dump(busy)
    assert busy.left == 0
except ImportError:
    pass
raises(AttributeError, "write", new.dump, None)


# The body's exception is the one that comes out of a `with`.
h = galloc.Heap(region)
for spoil in (lambda b: h.free(b.offset), lambda b: galloc.Heap(region), lambda b: b.free()):
    for error in (KeyError, None):
        try:
            with h.alloc(20) as b:
                spoil(b)
                if error:
                    raise error("the program's own")
        except (KeyError, ValueError) as caught:
            assert not error or type(caught) is KeyError, caught
    h = galloc.Heap(region)
print("ok")
