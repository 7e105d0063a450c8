# Runs in MicroPython on a board whose time is counted instructions: what calls cost from Python.
# Prints a line a call: its source, its instructions. Set before: NOW, the address of the counter;
# DOWN, whether it counts down; MASK, its bits; SCALE, instructions a tick; SIZES.
import gc

import galloc
from machine import mem32

if DOWN:
    mem32[0xE000E014] = 0xFFFFFF
    mem32[0xE000E010] = 5
h = galloc.heap()


def passed(work, n):
    """Ticks of work(n) less those of the same loop with nothing in it."""

    def nothing(n):
        for _ in range(n):
            pass

    gc.collect()
    a = mem32[NOW]
    work(n)
    b = mem32[NOW]
    nothing(n)
    c = mem32[NOW]
    if DOWN:
        a, b, c = -a, -b, -c
    return (b - a & MASK) - (c - b & MASK)


def tell(name, work, n):
    print("%s: %d" % (name, passed(work, n) * SCALE / n))


for size in SIZES:

    def raw(n):
        malloc, free = h.malloc, h.free
        for _ in range(n):
            free(malloc(size))

    def block(n):
        alloc = h.alloc
        for _ in range(n):
            alloc(size).free()

    def array(n):
        for _ in range(n):
            bytearray(size)

    tell("h.free(h.malloc(%d))" % size, raw, 500)
    tell("h.alloc(%d).free()" % size, block, 500)
    # Long enough for several collections, whose share is in the figure.
    tell("bytearray(%d)" % size, array, 4 * gc.mem_free() // (size + 32))


def collect(n):
    for _ in range(n):
        gc.collect()


tell("gc.collect()", collect, 3)
kilobytes = min(100, gc.mem_free() * 3 // 4096)
kept = [bytearray(1024) for _ in range(kilobytes)]
tell("gc.collect() with %d KiB in the GC heap" % kilobytes, collect, 3)
kept = [m for m in (h.malloc(1024) for _ in range(kilobytes)) if m]
kilobytes = len(kept)  # a small region holds fewer
tell("gc.collect() with %d KiB in the region" % kilobytes, collect, 3)
for m in kept:
    h.free(m)
