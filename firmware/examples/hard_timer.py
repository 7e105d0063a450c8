# A timer whose handler works on the heap while the program does, too: the raw tier makes no
# object, so it may run in the interrupt itself. On RP2 a timer can do that from MicroPython 1.29
# on; before, its handler runs between two bytecodes.
import galloc
from machine import Timer

SLOTS = 4
TICKS = 40

heap = galloc.heap()
held = [0] * SLOTS
ticks = [0]


def tick(_):
    slot = ticks[0] % SLOTS
    if held[slot]:
        heap.free(held[slot])
        held[slot] = 0
    else:
        held[slot] = heap.malloc(16 + slot * 8)
    ticks[0] += 1


timer = Timer()
try:
    timer.init(period=2, callback=tick, hard=True)
except (TypeError, ValueError):  # this port's timers are soft
    timer.init(period=2, callback=tick)
while ticks[0] < TICKS:
    heap.free(heap.malloc(100))
timer.deinit()
for handle in held:
    if handle:
        heap.free(handle)
heap.check()
print(f"{TICKS} ticks or more, {heap.stats().blocks} blocks left")
