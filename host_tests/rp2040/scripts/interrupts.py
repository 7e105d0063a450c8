# A hard interrupt handler allocates and frees through the raw tier, while the main program does
# the same, collects, and moves 32 KB about.
#
# Names that the test sets before: start(handler) and stop(), for the source of the interrupts, and
# small, collect, move from device/_rounds.py.
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
    """Returns the interrupts that came in each of its three parts, and how often 32 KB moved."""
    seen = []
    moves = 0
    for phase, rounds in ((small, 400), (collect, 6), (move, 60)):
        before = state[0]
        for i in range(rounds):
            if phase(h, i):
                moves += 1
        seen.append(state[0] - before)
    return seen, moves


# No new global name from here on: MicroPython makes a new table for one, and a handler that
# comes in between finds no names in it.
seen = moves = None
start(handler)
seen, moves = program()
stop()
for m in held:
    if m:
        h.free(m)
h.check()
s = h.stats()
assert s.blocks == 0 and s.allocs == s.frees, s
assert state[2] == 0 and state[1] == state[0], state
assert min(seen) >= 20 and moves >= 30, (seen, moves)
print("ok", seen, moves)
