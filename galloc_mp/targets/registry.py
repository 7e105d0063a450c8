"""Which targets there are: three on this machine's own processor, two for the processors of ESP32
and ESP8266, and two for each folder in boards/.

A board is described by `boards/<BOARD>/board.toml`:

    port = "qemu"               # MicroPython's port, and so how it is built and run
    packages = ["arm"]          # groups of setup.sh that its build and run need
    emulator = [...]            # command that runs it, less the image
    natmod = "armv7m"           # architecture of the native module, where one can be loaded
    make = ["NAME=value"]       # further arguments of MicroPython's make, for both images
    with_c = true               # whether to build a firmware with the tests' C modules as well
    runs = false                # where no emulator runs it: it is built, and no target
    since = [1, 28]             # the first MicroPython that has what it needs
"""

import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
PINNED = (1, 25)  # release of MicroPython that the set-up fetches


@dataclass(frozen=True)
class Spec:
    """One target: what it is built from and how it runs."""

    name: str
    port: str
    board: str | None = None
    """Folder in boards/, None for the unix targets."""
    natmod: str | None = None
    """Architecture of the native module that is loaded into a stock MicroPython; None: the module
    is built in.
    """
    loads: str | None = None
    """Architecture of the native modules that this MicroPython could load."""
    packages: tuple[str, ...] = ()
    emulator: tuple[str, ...] = ()
    make: tuple[str, ...] = ()
    with_c: bool = False
    """Whether the tests' modules in C and C++ are built in."""
    runs: bool = True
    """Whether an emulator here runs it; else it is only built."""
    since: tuple[int, int] = (0, 0)
    """The first release of MicroPython that it can be built from."""
    options: dict = field(default_factory=dict, hash=False)
    """All of board.toml, for ports with needs of their own."""

    @property
    def image(self) -> Path:
        """The interpreter or the firmware, wherever it has been built or not."""
        if self.port == "unix":
            return BUILD / "unix" / self.name / "micropython"
        kind = "uf2" if self.port == "rp2" else "elf"
        return BUILD / "firmware" / self.name / f"firmware.{kind}"

    @property
    def available(self) -> bool:
        """Whether MicroPython's tree here has what it needs."""
        return self.since <= mpy_release()

    @property
    def natmod_dir(self) -> Path:
        """Folder with `_galloc.mpy` and its wrapper for this target."""
        return BUILD / "natmod" / f"{self.natmod}_{mpy_abi()}"


def mpy_dir() -> Path:
    """MicroPython's sources: MPY_DIR where that is set, else the tree that the set-up unpacked."""
    return Path(os.environ.get("MPY_DIR") or BUILD / "micropython").resolve()


def mpy_abi(sources: Path | None = None) -> str:
    """Version of native .mpy files as `major.minor`, from MicroPython's sources."""
    text = ((sources or mpy_dir()) / "py" / "persistentcode.h").read_text()
    major, minor = (
        re.search(rf"#define {name} (\d+)", text).group(1)
        for name in ("MPY_VERSION", "MPY_SUB_VERSION")
    )
    return f"{major}.{minor}"


def mpy_release() -> tuple[int, int]:
    """Release of MicroPython's tree, as (1, 25); of the pinned one before it is there."""
    file = mpy_dir() / "py" / "mpconfig.h"
    text = file.read_text() if file.exists() else ""
    major, minor = (
        re.search(rf"#define MICROPY_VERSION_{part} (\d+)", text) for part in ("MAJOR", "MINOR")
    )
    return (int(major[1]), int(minor[1])) if major and minor else PINNED


def _board_specs(folder: Path) -> list[Spec]:
    options = tomllib.loads((folder / "board.toml").read_text())
    common = dict(
        port=options["port"],
        board=folder.name,
        loads=options.get("natmod"),
        packages=tuple(options.get("packages", ())),
        emulator=tuple(options.get("emulator", ())),
        make=tuple(options.get("make", ())),
        runs=options.get("runs", True),
        since=tuple(options.get("since", (0, 0))),
        options=options,
    )
    specs = [Spec(folder.name, **common)]
    if options.get("with_c"):
        specs.append(Spec(f"{folder.name}-with-c", with_c=True, **common))
    if "natmod" in options:
        specs.append(Spec(f"{folder.name}-natmod", natmod=options["natmod"], **common))
    return specs


def _sim_spec(name: str, natmod: str, cpu: str, abi: str) -> Spec:
    """A stock MicroPython on QEMU's `sim` machine: no chip's own, but a core with the chip's
    instructions and calling convention.
    """
    command = f"qemu-system-xtensa -M sim -cpu {cpu} -m 64"
    return Spec(
        name,
        "sim",
        natmod=natmod,
        loads=natmod,
        packages=("xtensa",),
        emulator=tuple(command.split()),
        make=(f"ABI={abi}",),
    )


def all_specs() -> dict[str, Spec]:
    """Every target by name, the unix ones first."""
    specs = [
        Spec("unix", "unix", loads="x64"),
        Spec("unix-natmod", "unix", loads="x64", natmod="x64"),
        Spec(
            "unix32",
            "unix",
            loads="x86",
            packages=("unix32",),
            make=("CC=gcc -m32", "CXX=g++ -m32", "MICROPY_PY_FFI=0"),
        ),
    ]
    specs += [
        _sim_spec("ESP32_SIM-natmod", "xtensawin", "sample_controller", "windowed"),
        _sim_spec("ESP8266_SIM-natmod", "xtensa", "lx106", "call0"),
    ]
    for description in sorted(ROOT.glob("boards/*/board.toml")):
        specs += _board_specs(description.parent)
    return {spec.name: spec for spec in specs}


def known_targets() -> list[str]:
    """Names of all targets that can be run, with the MicroPython that is there."""
    return [name for name, spec in all_specs().items() if spec.runs and spec.available]


def find_spec(name: str) -> Spec:
    """The target of that name. Raises ValueError, which lists the known ones."""
    specs = all_specs()
    if name not in specs:
        raise ValueError(f"unknown target {name!r}; known are: {', '.join(known_targets())}")
    return specs[name]
