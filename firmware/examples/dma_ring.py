# A ring buffer that DMA fills on its own, on RP2040: the channel wraps its write address at a
# power of two, which the buffer has to be aligned to.
import galloc
from machine import mem32
from rp2 import DMA

RING = 1024  # bytes, 2**10
SAMPLES = 700
TIMER = 0x40054028  # what is sampled: the low word of the microsecond timer
PACE = 0x50000420  # the first pacing timer of DMA: X << 16 | Y lets X transfers go in Y cycles
PACED = 59  # its number among the requests

heap = galloc.heap()
with heap.alloc(RING, align=RING) as ring:
    mem32[PACE] = 1 << 16 | 12500  # 10,000 a second at 125 MHz
    dma = DMA()
    words = dma.pack_ctrl(
        size=2, inc_read=False, ring_sel=True, ring_size=10, treq_sel=PACED, irq_quiet=True
    )
    dma.config(read=TIMER, write=ring, count=SAMPLES, ctrl=words, trigger=True)
    while dma.active():
        pass
    # The oldest sample lies where the next one would have gone.
    oldest = (dma.write - ring.address) // 4
    dma.close()
    times = ring.view("I")
    times = [times[(oldest + i) % len(times)] for i in range(len(times))]

gaps = [times[i + 1] - times[i] for i in range(len(times) - 1)]
assert oldest == SAMPLES % (RING // 4) and min(gaps) > 0, (oldest, min(gaps))
heap.check()  # nothing was written beside the ring
print(f"{SAMPLES} samples, the last {len(times)} in a ring of {RING} bytes")
