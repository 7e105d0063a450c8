# A ring buffer that DMA fills on its own, on RP2040: the channel wraps its write address at a
# power of two, which the buffer has to be aligned to.
import galloc
from machine import mem32
from rp2 import DMA

RING = 1024  # bytes, 2**10
SAMPLES = 700
TIMER = 0x40054028  # what is sampled: the low word of the microsecond timer


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
with heap.alloc(RING, align=RING) as ring:
    dma, pace = DMA(), pacing_timer()
    words = dma.pack_ctrl(
        size=2, inc_read=False, ring_sel=True, ring_size=10, treq_sel=pace, irq_quiet=True
    )
    dma.config(read=TIMER, write=ring, count=SAMPLES, ctrl=words, trigger=True)
    while dma.active():
        pass
    # The oldest sample lies where the next one would have gone.
    oldest = (dma.write - ring.address) // 4
    dma.close()
    if pace != 59:
        pace.close()
    times = ring.view("I")
    times = [times[(oldest + i) % len(times)] for i in range(len(times))]

gaps = [times[i + 1] - times[i] for i in range(len(times) - 1)]
assert oldest == SAMPLES % (RING // 4) and min(gaps) > 0, (oldest, min(gaps))
heap.check()  # nothing was written beside the ring
print(f"{SAMPLES} samples, the last {len(times)} in a ring of {RING} bytes")
