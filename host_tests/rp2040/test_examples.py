"""The scripts in firmware/examples on a Pico: DMA, interrupts and the watchdog of the chip as the
emulator has them.
"""

import pytest

from host_tests.device.test_examples import EXPECTED, FOLDER

PICO = {
    "dma_ring": "700 samples, the last 256 in a ring of 1024 bytes\n",
    "hard_timer": "40 ticks or more, 0 blocks left\n",
    "double_buffer": "6 buffers of 128 samples, all in order\n",
}

board = pytest.mark.parametrize("target", ["RPI_PICO"], indirect=True)


@board
@pytest.mark.parametrize("name", [*EXPECTED, *PICO])
def test_example(target, name):
    said = target.exec((FOLDER / f"{name}.py").read_bytes())
    assert said == (EXPECTED | PICO)[name]
    target.exec("import galloc\ngalloc.check()\nassert galloc.stats().blocks == 0")


@board
def test_heap_outlives_the_watchdog(target):
    """Each start of the script but the last ends in a reset of the chip."""
    script = (FOLDER / "after_reset.py").read_bytes()
    target.exec("import galloc\ngalloc.Heap()")  # as if power had been off
    assert target.exec_to_reset(script) == "start 1\n"
    assert target.exec("import machine\nprint(machine.reset_cause() == machine.WDT_RESET)") == (
        "True\n"
    )
    assert target.exec_to_reset(script) == "start 2\n"
    assert target.exec(script) == "start 3\nthe log lived through 2 resets\n"


LEAVE = """
import galloc, machine
h = galloc.heap()
blocks = [h.alloc(100 + 50 * i, align=8 << i) for i in range(6)]
for i, b in enumerate(blocks):
    b.view()[:] = bytes([i + 1]) * len(b)
blocks[2].free()
h.root[0] = blocks[5].offset
h.root[3] = 0xFFFFFFFF
machine.reset()
"""

FIND = """
import galloc
h = galloc.Heap.attach()
assert (h.root[3], h.get8(h.root[0], 349)) == (0xFFFFFFFF, 6)
for offset, size, allocated in h.walk():
    if allocated:
        mark = h.get8(offset, 0)
        assert all(h.get8(offset, i) == mark for i in range(50 + 50 * mark))
        print(mark, end=" ")
        h.free(offset)
h.check()
print(h.stats().blocks)
"""


@board
def test_heap_outlives_machine_reset(target):
    """Blocks, contents and roots are found again; without attach() the heap starts afresh."""
    target.exec_to_reset(LEAVE)
    assert sorted(target.exec(FIND).split()) == ["0", "1", "2", "4", "5", "6"]
    target.exec_to_reset(LEAVE)
    assert target.exec("import galloc\nprint(galloc.stats().blocks, galloc.heap().root[0])") == (
        "0 0\n"
    )


@board
def test_damage_before_a_reset_is_told(target):
    """What the program has overwritten is not taken for a heap."""
    damage = "machine.mem32[blocks[3].address - 4] = 0x5A5A5A5A\nmachine.reset()"
    target.exec_to_reset(LEAVE.replace("machine.reset()", damage))
    said = target.exec(
        "import galloc\ntry:\n    galloc.Heap.attach()\nexcept ValueError as e:\n    print(e)"
    )
    assert said == "corrupt\n"
