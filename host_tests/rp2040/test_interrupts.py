"""Hard interrupts on RPI_PICO: a pin's level changes from outside; the handler uses the heap."""

from pathlib import Path

import pytest

from galloc_mp.targets import find_spec
from galloc_mp.targets.rp2 import Rp2Target

SCRIPT = Path(__file__).parent / "scripts" / "interrupts.py"


@pytest.mark.parametrize("nanos", [150_011, 310_007])
def test_handler_and_program_share_a_heap(nanos):
    """The period is no multiple of anything, so that the interrupts come everywhere."""
    with Rp2Target(find_spec("RPI_PICO"), wave=(15, nanos)) as board:
        assert board.exec(SCRIPT.read_bytes(), timeout=200).startswith("ok")
