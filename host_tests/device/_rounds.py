# What the main program does while a hard interrupt handler works on the same heap h, in round i.
import gc


def small(h, i):
    """A block that grows."""
    m = h.malloc(10 + i % 100)
    h.put32(m, 0, i)
    m = h.realloc(m, 40 + i % 60)
    assert h.get32(m, 0) == i
    h.free(m)


def collect(*_):
    """Something for the collector to do."""
    [bytearray(20) for _ in range(200)]
    gc.collect()


def move(h, i):
    """A block grows to 32 KB and has to move: the wall is larger, so it lies behind it, or the
    block lies in a hole that is too small. False when it did not, since the handler has freed what
    was behind, or has left no room in a small region.
    """
    before = h.malloc(8 + 16 * (i % 6))
    block = h.malloc(8000)
    wall = h.malloc(9000)
    h.put32(block, 1999, i)
    grown = h.realloc(block, 32768) or block
    assert h.get32(grown, 1999) == i
    for m in (grown, wall, before):
        h.free(m)
    return grown != block
