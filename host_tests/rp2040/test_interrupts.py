"""Hard interrupts on RPI_PICO, whose handler uses the heap: from a pin, the level of which changes
from outside, and from a timer.
"""

from pathlib import Path

import pytest

from galloc_mp.targets import find_spec
from galloc_mp.targets.rp2 import Rp2Target

SCRIPTS = Path(__file__).parent / "scripts"
SCRIPT = (SCRIPTS / "interrupts.py").read_text()
PACE = (SCRIPTS / "pace.py").read_text()
ROUNDS = (Path(__file__).parents[1] / "device" / "_rounds.py").read_text()

PIN = """
from machine import Pin
pin = Pin(15, Pin.IN)
def start(handler):
    pin.irq(handler, Pin.IRQ_RISING | Pin.IRQ_FALLING, hard=True)
def stop():
    pin.irq(None)
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
    run(f"CYCLES = {cycles}\n{PACE}")


AGAIN = """
beats = bytearray(1)
def handler(_):
    beats[0] = 1
for _ in range(20):
    one, two = DMA(), DMA()
    beats[0] = 0
    start(handler)
    for _ in range(20000):
        if beats[0]:
            break
    stop()
    print(beats[0], end="")
"""


def test_pace_starts_again_whenever_it_was_stopped():
    """A tick while it stops must not leave a channel of DMA busy for good."""
    with Rp2Target(find_spec("RPI_PICO")) as board:
        assert board.exec(f"CYCLES = 9001\n{PACE}{AGAIN}", timeout=60) == "1" * 20
