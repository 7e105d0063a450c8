# A hard interrupt handler allocates and frees through the raw tier, while the main program does
# the same, collects, and moves 32 KB about.
#
# Names that the test sets before: start(handler) and stop(), for the source of the interrupts.
import gc

import galloc

h = galloc.heap()
SLOTS = 6
held = [0] * SLOTS
state = [0, 0, 0]  # interrupts, operations, wrong marks


def handler(_):
    n = state[0]
    state[0] = n + 1
    slot = n % SLOTS
    m = held[slot]
    if m:
        if h.get32(m, 0) != 0x1234 + slot:
            state[2] += 1
        h.free(m)
        held[slot] = 0
    else:
        m = h.malloc(16 + n % 90)
        if m:
            h.put32(m, 0, 0x1234 + slot)
            held[slot] = m
    state[1] += 1


def program():
    """Returns the interrupts that came in each of its three parts."""
    seen = []
    for phase in ("raw", "collect", "move"):
        before = state[0]
        if phase == "raw":
            for i in range(400):
                m = h.malloc(10 + i % 100)
                h.put32(m, 0, i)
                n = h.realloc(m, 40 + i % 60)
                assert h.get32(n, 0) == i
                h.free(n)
        elif phase == "collect":
            for i in range(6):
                [bytearray(20) for _ in range(200)]
                gc.collect()
        else:
            # A wall on either side, so that the block must move each time.
            for i in range(60):
                b = h.alloc(8 + 16 * (i % 6))
                big = h.malloc(20000)
                wall = h.malloc(8)
                h.put32(big, 4999, i)
                moved = h.realloc(big, 32768)
                assert moved and h.get32(moved, 4999) == i
                h.free(moved)
                h.free(wall)
                b.free()
        seen.append(state[0] - before)
    return seen


# No new global name from here on: MicroPython makes its table anew for one, and a handler that
# comes in between finds no names in it.
seen = None
start(handler)
seen = program()
stop()
for m in held:
    if m:
        h.free(m)
h.check()
s = h.stats()
assert s.blocks == 0 and s.allocs == s.frees, s
assert state[2] == 0 and state[1] == state[0], state
assert min(seen) >= 20, seen
print("ok", seen)
