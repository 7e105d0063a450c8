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
