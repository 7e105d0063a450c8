"""The native module: in a MicroPython that others built, loaded twice, and files that are not made
for the firmware.
"""

import os
import subprocess
from pathlib import Path

import pytest

from galloc_mp.targets.registry import BUILD, ROOT, mpy_abi
from host_tests.device.test_device import FOLDER, SCRIPTS

FOREIGN = ROOT / ".venv" / "bin" / "micropython"
WRAPPER = ROOT / "galloc_mp" / "device"


def foreign(script: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Runs a script in the foreign MicroPython, with the native module for x64 beside it."""
    natmod = BUILD / "natmod" / f"x64_{mpy_abi()}"
    assert (natmod / "_galloc.mpy").exists(), f"{natmod} is not built: make natmod ARCH=x64"
    return subprocess.run(
        [FOREIGN, script, *arguments],
        env={**os.environ, "MICROPYPATH": f"{natmod}:.frozen"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_in_foreign_micropython(script):
    """The same scripts in MicroPython 1.28 as it comes from PyPI."""
    done = foreign(FOLDER / f"{script}.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1:] == ["ok"]


RELOAD = """
import gc, sys, galloc
old = galloc.Heap(bytearray(2000))
block = old.alloc(40)
block.view()[:] = b"x" * 40
for name in ("galloc", "galloc_more", "_galloc"):
    sys.modules.pop(name, None)
del galloc
gc.collect()
import galloc
new = galloc.Heap(bytearray(2000))
other = new.alloc(8)
junk = [bytearray(b"\\xa5" * 64) for _ in range(50)]
gc.collect()
assert bytes(block) == b"x" * 40 and len(block) == 40
block.realloc(100)
assert block.address % 8 == 0 and "Block" in repr(block)
block.free()
old.check()
assert old.stats().blocks == 0 and new.stats().blocks == 1
print("ok")
"""


def test_loaded_twice(target):
    """Heaps and blocks of the first copy of the module outlive it."""
    assert target.exec(RELOAD) == "ok\n"


NAMES = (
    "x86",
    "x64",
    "armv6",
    "armv6m",
    "armv7m",
    "armv7em",
    "armv7emsp",
    "armv7emdp",
    "xtensa",
    "xtensawin",
)

IMPORT = """
import sys
for name in ("galloc", "galloc_more", "_galloc"):
    sys.modules.pop(name, None)
try:
    import galloc
    print("imported")
except ImportError as error:
    print(error)
"""


def header(arch: str, *, first: bytes = b"M", version: int = 6, sub: int = 3) -> bytes:
    """The beginning of a native file."""
    return first + bytes([version, (NAMES.index(arch) + 1) << 2 | sub, 31, 0, 0])


@pytest.mark.parametrize(
    "data, expected",
    [
        (header("xtensa"), "xtensa_6.3"),
        (header("armv6"), "armv6_6.3"),
        (header("x64", sub=1), "x64_6.1"),
        (header("x64", version=5), "x64_5.3"),
        (header("x64", first=b"C"), "CircuitPython"),
        (b"print(1)\n", "no native module"),
    ],
    ids=["xtensa", "armv6", "sub", "version", "circuitpython", "text"],
)
def test_wrong_file(target, data, expected):
    """A native file for something else: ImportError with what is wanted and what was found. Where
    the module is built in, no file gets in its way.
    """
    if target.spec.natmod == "xtensa" and expected.startswith("xtensa"):
        data, expected = header("xtensawin"), "xtensawin_6.3"
    target.put("_galloc.mpy", data)
    output = target.exec(IMPORT)
    if target.spec.natmod is None:
        assert output == "imported\n"
        return
    assert expected in output, output
    assert f"{target.spec.natmod}_{mpy_abi()}" in output  # one that `make natmod` offers
    assert "_galloc.mpy" in output


def test_no_file(tmp_path):
    """No native file at all: ImportError says which one to install."""
    for name in ("galloc.py", "galloc_more.py"):
        (tmp_path / name).write_text((WRAPPER / name).read_text())
    done = subprocess.run(
        [FOREIGN, "-c", IMPORT],
        env={**os.environ, "MICROPYPATH": f"{tmp_path}:.frozen"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == (
        "no _galloc: use a firmware that has it, or install _galloc.mpy for x64_6.3\n"
    )
