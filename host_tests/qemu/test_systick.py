"""SysTick's hard interrupt handler, in C, on the heap that the main program uses too; and how long
interrupts have to wait for the heap.
"""

from pathlib import Path

import pytest

from galloc_mp.targets import find_spec
from galloc_mp.targets.qemu import QemuTarget

NAME = "MPS2_AN385-with-c"

ROUNDS = (Path(__file__).parents[1] / "device" / "_rounds.py").read_text()

PROGRAM = """
import galloc, galloc_ticker
h = galloc.heap()
moves = 0
galloc_ticker.start(PERIOD)
for i in range(2000):
    small(h, i)
    if i % 50 == 0:
        collect()
        moves += move(h, i)
interrupts, faults, longest = galloc_ticker.stop()
galloc.check()
s = galloc.stats()
assert s.blocks == 0 and s.allocs == s.frees, s
print(interrupts, faults, moves)
"""


@pytest.mark.parametrize("period", [1009, 7001])
def test_handler_and_program_share_a_heap(period):
    """Counted time: each instruction takes 2**4 ns, so the run is the same each time."""
    with QemuTarget(find_spec(NAME), extra=("-icount", "shift=4,sleep=off")) as board:
        source = ROUNDS + PROGRAM.replace("PERIOD", str(period))
        interrupts, faults, moves = map(int, board.exec(source, timeout=200).split())
    assert interrupts > 300
    assert faults == 0
    assert moves == 40


TICKS_PER_INSTRUCTION = 25.6  # at 25 MHz, when an instruction takes 2**10 ns
BOUND = 300  # instructions; 260 was the most that was seen

WAITS = """
import galloc, galloc_ticker
h = galloc.heap()
def longest(size, other):
    galloc_ticker.start(60013)
    for i in range(2000):
        m = h.malloc(size + i % 100)
        m = h.realloc(m, other + i % 60)
        h.free(m)
    interrupts, faults, longest = galloc_ticker.stop()
    assert interrupts > 500 and faults == 0, (interrupts, faults)
    return longest
print(longest(10, 40), longest(10, 2000), longest(20000, 33000))
"""


def test_longest_wait():
    """How long interrupts wait is bounded and does not grow with the block: 32 KB are moved
    outside of the lock.
    """
    with QemuTarget(find_spec(NAME), extra=("-icount", "shift=10,sleep=off")) as board:
        output = board.exec(WAITS, timeout=300)
    waits = [int(ticks) / TICKS_PER_INSTRUCTION for ticks in output.split()]
    assert max(waits) <= BOUND, waits
