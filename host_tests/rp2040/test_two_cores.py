"""Both cores of an RP2040 and an interrupt handler at work on one heap, in the firmware and in
the native module; and a build without the lock, which must fail at the same.
"""

import os
from pathlib import Path

import pytest

from galloc_mp.targets import TargetError
from host_tests.tools.natmods import build_natmod

SCRIPTS = Path(__file__).parent / "scripts"
SCRIPT = (SCRIPTS / "pace.py").read_text() + (SCRIPTS / "two_cores.py").read_text()
CYCLES = 38_747  # no multiple of anything, so that the interrupts come everywhere
ROUNDS = int(os.environ.get("GALLOC_ROUNDS", "5000"))

FIRMWARE = "import galloc\nh = galloc.heap()\n"
NATIVE = """
import {name}
h = {name}.Heap(bytearray(16384))
"""


def run(target, setup: str, rounds: int) -> str:
    """What the script says, after what MicroPython says of a handler that raised: "ok" alone is
    good, and then both cores and the handler have done their share.
    """
    settings = f"ROUNDS = {rounds}\nCYCLES = {CYCLES}\n"
    output = target.exec(setup + settings + SCRIPT, timeout=60 + rounds / 20)
    *lines, counts = output.splitlines()
    verdict = "\n".join(lines)
    operations, beats = (int(count) for count in counts.split())
    assert operations >= 2 * rounds or verdict != "ok"
    assert beats >= rounds / 10 or verdict != "ok"
    return verdict


def bring(target, name: str, **build) -> str:
    """Puts a native module on the board under a name of its own; the code that makes a heap."""
    folder = build_natmod("armv6m", **build)
    target.put(f"{name}.mpy", (folder / "_galloc.mpy").read_bytes())
    return NATIVE.format(name=name)


@pytest.mark.parametrize("target", ["RPI_PICO"], indirect=True)
def test_firmware(target):
    """The firmware takes the port's own section, which covers both cores."""
    assert run(target, FIRMWARE, ROUNDS) == "ok"


@pytest.mark.parametrize("target", ["RPI_PICO"], indirect=True)
def test_native_module(target):
    """The native module takes a spinlock of the hardware."""
    assert run(target, bring(target, "native"), min(ROUNDS, 50_000)) == "ok"


@pytest.mark.parametrize("target", ["RPI_PICO"], indirect=True)
def test_without_the_lock_it_fails(target):
    """So the test above is known to bite. A broken heap may also stop the board."""
    setup = bring(target, "unlocked", variant="-unlocked", defines="GALLOC_WITHOUT_LOCK=1")
    try:
        verdict = run(target, setup, 4000)
    except TargetError as error:
        verdict = str(error)
    finally:
        target.close()
    assert verdict != "ok"
    assert "ImportError" not in verdict
