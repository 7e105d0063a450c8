"""Hard interrupts on RPI_PICO, whose handler uses the heap: from a pin, the level of which changes
from outside, and from a timer.
"""

from pathlib import Path

import pytest

from galloc_mp.targets import find_spec
from galloc_mp.targets.rp2 import Rp2Target

SCRIPT = (Path(__file__).parent / "scripts" / "interrupts.py").read_text()
ROUNDS = (Path(__file__).parents[1] / "device" / "_rounds.py").read_text()

PIN = """
from machine import Pin
pin = Pin(15, Pin.IN)
def start(handler):
    pin.irq(handler, Pin.IRQ_RISING | Pin.IRQ_FALLING, hard=True)
def stop():
    pin.irq(None)
"""

# The port's Timer calls its handler between two bytecodes only, a pacing timer of DMA at any
# time: two channels start each other, each waits for a tick, moves a word and interrupts.
TIMER = """
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
    for channel in (one, two):
        channel.irq(None)
        channel.active(0)
        channel.close()
"""


def run(setup: str, **options) -> None:
    """Runs the script on a board of its own."""
    with Rp2Target(find_spec("RPI_PICO"), **options) as board:
        assert board.exec(setup + ROUNDS + SCRIPT, timeout=200).startswith("ok")


# The periods are no multiples of anything, so that the interrupts come everywhere.
@pytest.mark.parametrize("nanos", [150_011, 310_007])
def test_pin_and_program_share_a_heap(nanos):
    run(PIN, wave=(15, nanos))


@pytest.mark.parametrize("cycles", [18_749, 38_747])
def test_timer_and_program_share_a_heap(cycles):
    run(TIMER.replace("CYCLES", str(cycles)))
