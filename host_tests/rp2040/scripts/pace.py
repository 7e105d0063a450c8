# Hard interrupts at a pace: start(handler) and stop().
#
# Name that the test sets before: CYCLES, processor clocks between two of them.
#
# The port's Timer calls its handler between two bytecodes only, a pacing timer of DMA at any
# time: two channels start each other, each waits for a tick, moves a word and interrupts.
from machine import mem32
from rp2 import DMA

PACE, PACED = 0x50000420, 59
word = bytearray(4)
one, two = DMA(), DMA()


def start(handler):
    for this, other in ((one, two), (two, one)):
        words = this.pack_ctrl(treq_sel=PACED, irq_quiet=False, chain_to=other.channel)
        this.irq(handler, hard=True)
        this.config(read=word, write=word, count=1, ctrl=words)
    mem32[PACE] = 1 << 16 | CYCLES
    one.active(1)


def stop():
    mem32[PACE] = 0
    # A last tick of the second may start the first again, which would then be busy for good.
    for channel in (one, two, one):
        channel.active(0)
    for channel in (one, two):
        channel.irq(None)
        channel.close()
