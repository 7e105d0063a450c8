"""The native modules for ESP32 (xtensawin) and ESP8266 (xtensa): their strings and instructions.
The device scripts run on both cores as on every other target.
"""

import re
import subprocess

import pytest

from galloc_mp.targets import open_target
from host_tests.tools.job import objects
from host_tests.tools.natmods import XTENSA_KIT

SIMS = ["ESP32_SIM-natmod", "ESP8266_SIM-natmod"]
OBJDUMP = {
    "xtensawin": XTENSA_KIT / "xtensa-esp32-elf-objdump",
    "xtensa": "xtensa-lx106-elf-objdump",
}

# Every text that the module raises, as far as a call can bring it about.
TEXTS = """
import galloc
h = galloc.Heap(bytearray(2048))
b = h.alloc(8)
m = h.malloc(8)
other = galloc.Heap(bytearray(2048))
for call in (
    lambda: galloc.Heap(bytearray(2048), sub_bins=1),
    lambda: galloc.Heap(bytearray(20)),
    lambda: galloc.Heap(0, 1000),
    lambda: galloc.Heap(b"constant" * 100),
    lambda: galloc.Heap.attach(bytearray(2048)),
    lambda: h.alloc(-1),
    lambda: h.alloc(8, align=3),
    lambda: h.alloc("8"),
    lambda: h.alloc(100000),
    lambda: h.free(m + 8),
    lambda: h.free(1 << 20),
    lambda: h.free(-8),
    lambda: h.free(0),
    lambda: h.get8(m, 1000),
    lambda: h.put32(m, -1, 0),
    lambda: b.view("Z"),
    lambda: b.view(3),
    lambda: h.free(m) or h.free(m),
    lambda: b.free() or b.view(),
    lambda: len(b),
    lambda: h.block(3) if hasattr(h, "block") else None,
):
    try:
        print(call())
    except Exception as error:
        print(repr(error))
b = h.alloc(8)
print(b, galloc.regions())
print(sorted(n for n in dir(h) if n[0] != "_"), sorted(n for n in dir(b) if n[0] != "_"))
h.info(1)
"""


def output(session) -> str:
    """What the texts are, with what differs from machine to machine taken out."""
    return re.sub(r"0x[0-9a-f]+|(?<=from )[0-9a-f]+", "ADDRESS", session.exec(TEXTS))


@pytest.mark.parametrize("target", SIMS, indirect=True)
def test_strings_are_the_right_ones(target):
    """MicroPython's linker mixes up strings of different objects on Xtensa; here there is one."""
    said = output(target)
    assert said.count("Error(") >= 15, said
    with open_target("MPS2_AN385-natmod") as arm:
        assert said == output(arm)


@pytest.mark.parametrize("arch", OBJDUMP)
def test_instructions_that_not_every_chip_has(arch):
    """No zero-overhead loop, which ESP32-S2 lacks, no atomic access, which it lacks as well, and
    no floating point.
    """
    unit = objects(f"natmod-{arch}") / "objects" / "galloc_unit.o"
    listing = subprocess.run(
        [OBJDUMP[arch], "-d", "--no-show-raw-insn", unit],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    used = set(re.findall(r"^\s+[0-9a-f]+:\s+([a-z0-9_.]+)", listing, re.MULTILINE))
    assert {"l32i.n", "s32i.n", "rsil"} <= used, used
    assert ("entry" in used) == (arch == "xtensawin")
    assert [x for x in used if x.startswith(("loop", "s32c1i", "wfr", "rfr")) or ".s" in x] == []


@pytest.mark.parametrize("arch", OBJDUMP)
def test_no_address_that_the_linker_gets_wrong(arch):
    """MicroPython's linker drops the offset from a global symbol, and the distance to another
    section of code.
    """
    unit = objects(f"natmod-{arch}") / "objects" / "galloc_unit.o"
    command = [OBJDUMP[arch], "-hr", unit]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert re.findall(r"R_XTENSA_32 +(\w+[+-]0x[0-9a-f]+)$", said, re.MULTILINE) == []
    assert re.findall(r"^ +\d+ (\.text\S*)", said, re.MULTILINE) == [".text"]
