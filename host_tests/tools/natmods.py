"""Builds galloc as a native module, for each architecture."""

import os
import shutil
import sys
from pathlib import Path

from galloc_mp.targets.registry import BUILD, ROOT, mpy_abi, mpy_dir
from host_tests.tools.job import BuildError, locked, make, mpy_cross, objects, say, set_up

XTENSA_KIT = BUILD / "xtensa" / "bin"

# Steps of the set-up that bring the compiler of an architecture.
NATMOD_STEPS = {
    "x64": (),
    "x86": ("apt:unix32",),
    "armv6m": ("apt:arm",),
    "armv7m": ("apt:arm",),
    "armv7emsp": ("apt:arm",),
    "armv7emdp": ("apt:arm",),
    "rv32imc": ("apt:riscv",),
    "rv64imc": ("apt:riscv",),
    "xtensa": ("apt:xtensa",),
    "xtensawin": ("apt:xtensa", "xtensa"),
}


def known_to_micropython(arch: str) -> bool:
    """Whether this release of MicroPython has native modules for the architecture."""
    return f"$(ARCH),{arch})" in (mpy_dir() / "py" / "dynruntime.mk").read_text()


def build_natmod(arch: str, *, variant: str = "", defines: str = "") -> Path:
    """The native module for one architecture; the folder that holds it.

    variant, defines: another build of it, for tests: its name, and NAME=value for the compiler.
    Raises BuildError.
    """
    if arch not in NATMOD_STEPS:
        raise BuildError(f"ARCH={arch} is unknown; set ARCH to one of: {' '.join(NATMOD_STEPS)}")
    # Somebody's own compiler for ESP32 is used as it is.
    own_compiler = arch == "xtensawin" and shutil.which("xtensa-esp32-elf-gcc")
    set_up(*([] if own_compiler else NATMOD_STEPS[arch]), "micropython")
    name = f"natmod-{arch}{variant}"
    folder = objects(name)
    target = BUILD / ("natmod-tests" if variant else "natmod") / f"{arch}{variant}_{mpy_abi()}"
    arguments = [
        f"--makefile={ROOT / 'firmware' / 'natmod' / 'Makefile'}",
        f"ARCH={arch}",
        f"MPY_DIR={mpy_dir()}",
        f"MPY_CROSS={mpy_cross()}",
        f"PYTHON={sys.executable}",
        f"BUILD={folder}",
        f"DESTINATION={target}",
        f"DEFINES={defines}",
    ]
    with locked(name, target):
        # Not in the sources' folder: MicroPython's linker leaves a cache where it runs.
        folder.mkdir(parents=True, exist_ok=True)
        what = f"native module for {arch}{variant}"
        make(name, folder, arguments, what, PATH=f"{os.environ['PATH']}:{XTENSA_KIT}")
    return target


def build_natmods() -> None:
    """The native module for every architecture that this MicroPython has."""
    set_up("micropython")
    for arch in NATMOD_STEPS:
        if known_to_micropython(arch):
            print(build_natmod(arch).relative_to(ROOT))
        else:
            say(f"{arch}: left out, this release of MicroPython has no native modules for it")
