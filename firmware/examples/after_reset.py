# A log that outlives a reset by the watchdog, on RP2040: each start of the program finds the heap
# again, adds an entry and waits for the watchdog; the third shows what it found.
import galloc
from machine import WDT

STARTS = 3

try:
    heap = galloc.Heap.attach()  # all of it is verified
except ValueError:  # power has been off, or the memory holds something else
    heap = galloc.Heap()
log = heap.block(heap.root[0]) if heap.root[0] else heap.alloc(64, zero=True)
heap.root[0] = log.offset  # a word that stays with the heap

words = log.view("I")  # the first one counts, entries follow
count = words[0]
words[1 + count] = 0x1000 + count
words[0] = count + 1
print(f"start {count + 1}")
if count + 1 < STARTS:
    WDT(timeout=100)
    while True:
        pass

entries = list(words[1 : 1 + STARTS])
live = [chunk[0] for chunk in heap.walk() if chunk[2]]
assert entries == [0x1000, 0x1001, 0x1002] and live == [log.offset], (entries, live)
log.free()
heap.root[0] = 0
heap.check()
print(f"the log lived through {STARTS - 1} resets")
