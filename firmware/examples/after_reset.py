# A log that outlives a reset by the watchdog, on RP2040: each start of the program finds the heap
# again, adds an entry and waits for the watchdog; the third tells what it found.
import galloc
from machine import WDT

STARTS = 3

try:
    heap = galloc.Heap.attach()  # all of it is verified
except ValueError:  # power has been off, or the memory holds something else
    heap = galloc.Heap()
log = heap.root[0] or heap.calloc(64)
heap.root[0] = log

# The first word counts, entries follow.
count = heap.get32(log, 0)
heap.put32(log, 1 + count, 0x1000 + count)
heap.put32(log, 0, count + 1)
print(f"start {count + 1}")
if count + 1 < STARTS:
    WDT(timeout=100)
    while True:
        pass

entries = [heap.get32(log, 1 + i) for i in range(STARTS)]
live = [chunk[0] for chunk in heap.walk() if chunk[2]]
assert entries == [0x1000, 0x1001, 0x1002] and live == [log], (entries, live)
heap.free(log)
heap.root[0] = 0
heap.check()
print(f"the log lived through {STARTS - 1} resets")
