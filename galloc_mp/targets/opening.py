"""Opens targets by name."""

from galloc_mp.files import FilesError, checkout, run_make
from galloc_mp.targets.base import Target, TargetError
from galloc_mp.targets.qemu import QemuTarget, SimTarget
from galloc_mp.targets.registry import find_spec
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
        raise TargetError(f"{name}: no emulator runs this board; `make firmware BOARD={name}`")
    root = checkout()
    if not root:
        raise TargetError(
            f"{name}: targets are built in a checkout of galloc, and this is an installed package"
        )
    if build:
        try:
            run_make(root, "build", f"TARGET={name}")
        except FilesError as error:
            raise TargetError(f"{name}: {error}") from None
    if not spec.image.exists():
        raise TargetError(f"{name}: {spec.image} is missing; `make build TARGET={name}` makes it")
    return DRIVERS[spec.port](spec)
