"""Opens targets by name."""

import os
import subprocess
import sys

from galloc_mp.targets.base import Target, TargetError
from galloc_mp.targets.qemu import QemuTarget, SimTarget
from galloc_mp.targets.registry import ROOT, find_spec
from galloc_mp.targets.rp2 import Rp2Target
from galloc_mp.targets.unix import UnixTarget

DRIVERS = {"unix": UnixTarget, "qemu": QemuTarget, "rp2": Rp2Target, "sim": SimTarget}


def open_target(name: str, *, build: bool = False) -> Target:
    """The target of that name, not started yet.

    build: build what it runs first; progress goes to stderr.
    Raises ValueError for an unknown name, TargetError when the image is missing or does not build.
    """
    spec = find_spec(name)
    if not spec.runs:
        raise TargetError(
            f"{name}: no emulator here runs this board; `make firmware BOARD={name}`"
        )
    if build:
        command = [sys.executable, str(ROOT / "host_tests" / "tools" / "build.py"), name]
        if subprocess.run(command, stdout=sys.stderr.fileno(), env=os.environ).returncode:
            raise TargetError(f"{name}: the build failed")
    if not spec.image.exists():
        raise TargetError(f"{name}: {spec.image} is missing; `make build TARGET={name}` makes it")
    return DRIVERS[spec.port](spec)
