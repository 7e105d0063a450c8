"""The scripts in firmware/examples that run wherever MicroPython does."""

import pytest

from galloc_mp.targets.registry import ROOT

FOLDER = ROOT / "firmware" / "examples"
EXPECTED = {
    "arena_frame": "60 frames, 62336 bytes, largest free block as before\n",
    "frame_buffer": """
                      ###     ###
                       ##      ##
      #####   ####     ##      ##     ####    ####
     ##  ##      ##    ##      ##    ##  ##  ##  ##
     ##  ##   #####    ##      ##    ##  ##  ##
      #####  ##  ##    ##      ##    ##  ##  ##  ##
         ##   #####   ####    ####    ####    ####
     #####
117 pixels lit
"""[1:],
    "packet": "packet of 16 bytes: (7, 0, 300, 2309737967, 0, 0, 0, -2)\n",
}
# A stock firmware has no region of its own.
REGION = "import galloc\ngalloc.init(bytearray(8192))\n"


@pytest.mark.parametrize("name", EXPECTED)
def test_example(target, name):
    setup = REGION if target.spec.natmod else ""
    assert target.exec(setup + (FOLDER / f"{name}.py").read_text()) == EXPECTED[name]
    target.exec("import galloc\ngalloc.check()\nassert galloc.stats().blocks == 0")


# What machine.mem_backup() is on a chip that has it, from MicroPython 1.29 on.
BACKUP = """
import sys
class machine:
    memory = bytearray(2048)
    def mem_backup():
        return memoryview(machine.memory)
sys.modules["machine"] = machine
"""


@pytest.mark.parametrize("target", ["unix", "unix-natmod"], indirect=True)
def test_heap_in_backup_memory(target):
    """Each start of the script finds the heap of the one before."""
    script = (FOLDER / "backup_memory.py").read_text()
    target.exec(BACKUP)
    said = [target.exec(script).split(",")[0] for _ in range(3)]
    assert said == ["start 1", "start 2", "start 3"]
    target.exec("machine.memory[:] = b'x' * 2048")  # power has been off
    assert target.exec(script).startswith("start 1,")
