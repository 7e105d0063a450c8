"""Which native module a firmware takes, and where this package has it."""

from dataclasses import dataclass
from pathlib import Path

from galloc_mp.files import DATA, PACKAGE, checkout
from galloc_mp.targets import TargetError

# By the number in sys.implementation._mpy.
ARCHS = (
    "none x86 x64 armv6 armv6m armv7m armv7em armv7emsp armv7emdp xtensa xtensawin rv32imc rv64imc"
).split()
# A firmware for one of these also loads the modules of those before it.
THUMB = ("armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp")
# The modules in Python that go with `_galloc`; in the folder of a native module they are compiled.
WRAPPER = ("galloc", "galloc_more")
WAY_OUT = (
    "flash a firmware that has galloc built in: in a checkout of galloc `make firmware BOARD=` "
    "makes one, and README.md says how to add it to yours"
)


@dataclass(frozen=True)
class Firmware:
    """What a firmware says about itself."""

    python: str
    """sys.implementation.name: micropython, circuitpython."""
    version: str
    machine: str
    mpy: int
    """sys.implementation._mpy, 0 where there is none."""

    @property
    def arch(self) -> str:
        """Architecture of the native modules that it takes; "none": it takes none."""
        number = self.mpy >> 10 & 0x3F
        return ARCHS[number] if number < len(ARCHS) else f"number {number}"

    @property
    def abi(self) -> str:
        """Version of the native modules that it takes."""
        return f"{self.mpy & 0xFF}.{self.mpy >> 8 & 3}"

    def __str__(self) -> str:
        names = {"micropython": "MicroPython", "circuitpython": "CircuitPython"}
        return f"{names.get(self.python, self.python)} {self.version} on {self.machine}"


def folders() -> list[Path]:
    """Folders with a native module each, named ARCH_ABI."""
    root = checkout()
    top = root / "build" / "natmod" if root else DATA / "natmod"
    return sorted(path.parent for path in top.glob("*/_galloc.mpy"))


def wrapper(name: str) -> Path:
    """The source of one of WRAPPER."""
    return PACKAGE / "device" / f"{name}.py"


def folder_for(firmware: Firmware) -> Path:
    """The folder with the native module for a firmware.

    Raises TargetError that names the way out where there is none.
    """
    if firmware.python != "micropython":
        raise TargetError(f"{firmware} takes no native modules of MicroPython; {WAY_OUT}")
    if firmware.arch == "none":
        raise TargetError(f"{firmware} loads no native modules; {WAY_OUT}")
    tried = [firmware.arch]
    if firmware.arch in THUMB:
        tried = list(reversed(THUMB[: THUMB.index(firmware.arch) + 1]))
    found = {path.name: path for path in folders()}
    for arch in tried:
        if path := found.get(f"{arch}_{firmware.abi}"):
            return path
    here = ", ".join(found) or "none"
    wanted = f"{firmware.arch}_{firmware.abi}"
    if any(name.rpartition("_")[0] in tried for name in found):
        raise TargetError(
            f"{firmware} takes native modules of version {firmware.abi}, and there are {here}: "
            "use MicroPython 1.23 or later"
        )
    if checkout():
        raise TargetError(
            f"{firmware} takes {wanted}, and build/natmod has {here}: "
            f"`make natmod ARCH={tried[0]}` builds it"
        )
    raise TargetError(
        f"{firmware} takes {wanted}, which this package does not have (it has {here}); {WAY_OUT}"
    )
