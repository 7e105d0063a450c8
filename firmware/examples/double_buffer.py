# Two buffers on RP2040: DMA fills one while the program works on the other. The handler of its
# interrupt, a hard one, swaps them.
import galloc
from machine import mem32
from rp2 import DMA

WORDS = 128
TIMER = 0x40054028  # what is sampled: the low word of the microsecond timer
ROUNDS = 6


def pacing_timer():
    # What lets 10,000 transfers go in a second.
    try:
        from rp2 import DMATimer  # from MicroPython 1.29 on

        return DMATimer(freq=10000)
    except ImportError:
        # The first pacing timer: X << 16 | Y lets X transfers go in Y cycles of 125 MHz. 59 is its
        # number among the requests.
        mem32[0x50000420] = 1 << 16 | 12500
        return 59


heap = galloc.heap()
buffers = (heap.alloc(WORDS * 4), heap.alloc(WORDS * 4))
views = tuple(buffer.view("I") for buffer in buffers)
filled = [0]  # buffers so far; the even ones lie in buffers[0]


def swap(channel):
    # A hard handler may make nothing on the GC heap; this makes nothing.
    filled[0] += 1
    channel.config(write=buffers[filled[0] & 1], count=WORDS, trigger=True)


dma, pace = DMA(), pacing_timer()
words = dma.pack_ctrl(size=2, inc_read=False, treq_sel=pace, irq_quiet=False)
dma.irq(swap, hard=True)
dma.config(read=TIMER, write=buffers[0], count=WORDS, ctrl=words, trigger=True)

last = 0
for number in range(ROUNDS):
    while filled[0] == number:
        pass
    for time in views[number & 1]:
        assert time > last, (number, last, time)
        last = time
    assert filled[0] == number + 1, "the program is too slow"

dma.irq(None)
dma.active(0)
dma.close()
if pace != 59:
    pace.close()
for buffer in buffers:
    buffer.free()
heap.check()
print(f"{ROUNDS} buffers of {WORDS} samples, all in order")
