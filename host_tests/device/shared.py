# The shared heap, on the board's region where there is one, and regions().
import galloc


def raises(kind, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kind as error:
        return error
    raise AssertionError("no %s from %r%r" % (kind, call, args))


assert galloc.__version__.count(".") == 2
regions = galloc.regions()
assert not galloc.initialized()
for name, address, size, attributes in regions:
    assert name and type(name) is str and type(attributes) is str
    assert address > 0 and size > 1024

if not regions:
    assert raises(OSError, galloc.Heap).args[0] == 19
    assert raises(OSError, galloc.heap).args[0] == 19
    assert raises(OSError, galloc.malloc, 8).args[0] == 19
    assert raises(OSError, galloc.init).args[0] == 19
    assert raises(OSError, galloc.Heap.attach).args[0] == 19
    assert not galloc.initialized()
    h = galloc.init(bytearray(2048))
else:
    raises(ValueError, galloc.Heap, None, regions[0][2] + 1)
    # There is one heap on the board's region: who asks for the shared one later gets this one.
    h = galloc.Heap()
    early = h.alloc(10)
    assert not galloc.initialized() and galloc.heap() is h and h.stats().blocks == 1
    early.free()
assert galloc.initialized() and galloc.heap() is h
raises(RuntimeError, galloc.init)
raises(RuntimeError, galloc.init, bytearray(1024))
assert galloc.heap() is h

b = galloc.alloc(100, align=32, zero=True)
assert b.address % 32 == 0 and not any(bytes(b))
if regions:
    _, address, size, _ = regions[0]
    assert address <= b.address < address + size
    assert b.address == address + b.offset
    # The bytes of a region that is all the board has can be had by their address as well.
    assert galloc.stats().total <= size
    raises(ValueError, galloc.Heap, address)
    raises(ValueError, galloc.Heap, address, -1)
m = galloc.malloc(40)
n = galloc.calloc(40, 64)
assert m and galloc.address(n) % 64 == 0
m = galloc.realloc(m, 80)
assert galloc.usable_size(m) >= 80
galloc.put32(m, 3, 77)
galloc.put8(m, 0, 3)
assert galloc.get32(m, 3) == 77 and galloc.get8(m, 0) == 3
with galloc.arena() as a:
    a.alloc(10)
    assert galloc.stats().blocks == 4
assert [c[0] for c in galloc.walk() if c[2]] == sorted((b.offset, m, n))
galloc.check()
galloc.info()
galloc.free(m)
galloc.free(n)
b.free()
assert galloc.stats().blocks == 0
assert h.stats().blocks == 0
if regions:
    # A new heap on that region takes the place of the one that ends by it.
    lost = h.alloc(10)
    new = galloc.Heap(None, size // 2)
    assert galloc.heap() is new and galloc.initialized() and galloc.stats().blocks == 0
    raises(ValueError, h.check)
    raises(ValueError, lost.view)
    raises(RuntimeError, galloc.init)
    galloc.alloc(10).free()
for name in "alloc malloc calloc realloc free usable_size address get8 put8 get32 put32".split():
    assert hasattr(galloc, name) and hasattr(h, name)
for name in "stats check walk info dump arena block view get16 put16".split():
    assert hasattr(galloc, name) and hasattr(h, name)
n = galloc.calloc(10, align=4)
with galloc.block(n) as b:
    assert galloc.view(n, "H")[0] == galloc.get16(n, 0) == b[0] == 0
raises(ValueError, galloc.calloc, 10, 4)
raises(TypeError, galloc.heap, None, None)
raises(TypeError, galloc.malloc)
assert galloc.c_share() == (0, 0, 0)
print("ok")
