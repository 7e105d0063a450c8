"""Builds galloc as a native module, for each architecture."""

import shutil
import sys
from pathlib import Path

from galloc_mp.targets.registry import BUILD, ROOT, mpy_abi, mpy_dir
from host_tests.tools.job import locked, make, mpy_cross, objects, say, set_up


def build_natmod(arch: str, *, variant: str = "", defines: str = "") -> Path:
    """The native module for one architecture; the folder that holds it.

    variant, defines: another build of it, for tests: its name, and NAME=value for the compiler.
    """
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
        make(name, folder, arguments, f"native module for {arch}{variant}")
    return target


# What the compiler of an architecture comes with.
NATMOD_STEPS = {
    "x64": (),
    "x86": ("apt:unix32",),
    "armv6m": ("apt:arm",),
    "armv7m": ("apt:arm",),
    "armv7emsp": ("apt:arm",),
    "armv7emdp": ("apt:arm",),
    "rv32imc": ("apt:riscv",),
}


# Architectures whose compilers come with the chip vendor's SDK; with them on the PATH they build.
VENDOR_COMPILERS = {"xtensa": "xtensa-lx106-elf-gcc", "xtensawin": "xtensa-esp32-elf-gcc"}


def build_natmods() -> None:
    """The native module for every architecture that this machine has a compiler for; a line about
    each of the others.
    """
    set_up(*sorted({step for steps in NATMOD_STEPS.values() for step in steps}), "micropython")
    for arch in NATMOD_STEPS:
        print(build_natmod(arch).relative_to(ROOT))
    for arch, compiler in VENDOR_COMPILERS.items():
        if shutil.which(compiler):
            print(build_natmod(arch).relative_to(ROOT))
        else:
            say(f"{arch}: left out, {compiler} is missing; it comes with the chip vendor's SDK")
