# Both cores of an RP2040 on one heap: each allocates, reallocates and frees through the raw tier,
# marks what it owns and looks whether the mark is still there, while core 0 also collects and
# writes files, and a hard interrupt handler does the same to a block of its own. Prints "ok" or
# what went wrong, and the number of operations of the two cores and of the handler.
#
# Names that the test sets before: h, the heap; ROUNDS, how often each core goes round, an
# operation or two each time; start(handler) and stop(), for the source of the interrupts.
import gc
import _thread

LIVE = 12  # blocks that each core keeps at most
PARTS = 4
wrong = [None, None]
counts = [0, 0]
finished = bytearray(1)
beats = [0, 0, 0]  # operations of the handler, its block, wrong marks


def handler(_):
    """What interrupts core 0."""
    beats[0] += 1
    m = beats[1]
    if m == 0:
        m = h.malloc(20 + beats[0] % 90)
        if m:
            h.put32(m, 0, m)
        beats[1] = m
    else:
        if h.get32(m, 0) != m:
            beats[2] += 1
        h.free(m)
        beats[1] = 0


def work(core, rounds):
    """Rounds of one core; frees all that it has left."""
    get, put, realloc, malloc, free = h.get32, h.put32, h.realloc, h.malloc, h.free
    seed = 12345 + core * 777
    handles = [0] * LIVE
    calls = 0
    for _ in range(rounds):
        seed = (seed * 75 + 74) % 65537
        slot = seed % LIVE
        mark = core << 24 | slot << 16 | 0x5A5A
        m = handles[slot]
        if m and (get(m, 0) != mark or get(m, 1) != m):
            wrong[core] = "core %d: a block has another's mark" % core
            return calls
        calls += 1
        if not m:
            m = malloc(8 + seed % 197)
        elif seed & 64:
            free(m)
            m = 0
        else:
            m = realloc(m, 8 + seed % 203) or m
            if get(m, 0) != mark:
                wrong[core] = "core %d: realloc lost the mark" % core
                return calls
        handles[slot] = m
        if m:
            put(m, 0, mark)
            put(m, 1, m)
        if wrong[1 - core]:
            return calls
    for m in handles:
        if m:
            free(m)
            calls += 1
    return calls


def second():
    """What core 1 runs."""
    try:
        counts[1] = work(1, ROUNDS)
    except Exception as error:
        wrong[1] = repr(error)
    finished[0] = 1


def first():
    """What core 0 runs."""
    try:
        for _ in range(PARTS):
            counts[0] += work(0, ROUNDS // PARTS)
            gc.collect()
            with open("/two_cores.txt", "w") as file:
                file.write("x" * 600)
            with open("/two_cores.txt") as file:
                assert len(file.read()) == 600
    except Exception as error:
        wrong[0] = repr(error)


# No new global name from here to stop(): MicroPython makes a new table for one, and a handler
# that comes in between finds no names in it.
faults = stats = None
gc.collect()
start(handler)
_thread.start_new_thread(second, ())
first()
while not finished[0]:
    pass
stop()
if beats[1]:
    h.free(beats[1])
faults = [x for x in wrong if x]
if beats[2]:
    faults.append("the handler's block had another's mark")
try:
    h.check()
    stats = h._stats()
    if not faults and (stats[6] != 0 or stats[8] != stats[9]):
        faults.append("the counts do not add up: %r" % (stats,))
except Exception as error:
    faults.append(repr(error))
print(", ".join(faults) if faults else "ok")
print(sum(counts), beats[0])
