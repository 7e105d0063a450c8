"""An emulated Cortex-M with the core in its flash and a heap in its RAM."""

from __future__ import annotations

import functools
from pathlib import Path

import unicorn
from elftools.elf.elffile import ELFFile
from unicorn import arm_const

from ...core.build import CORE, ROOT, core_sources, run_compiler

HERE = Path(__file__).resolve().parent
BUILD = ROOT / "build" / "host_tests" / "verify" / "interrupts"

FLASH, RAM, RAM_SIZE = 0x10000, 0x20000000, 0x8000
REGION = RAM + 0x1000
STACK = RAM + RAM_SIZE - 0x100
LIMIT = 2_000_000  # instructions that a call may take

PROCESSORS = {
    "cortex-m0plus": arm_const.UC_CPU_ARM_CORTEX_M0,
    "cortex-m3": arm_const.UC_CPU_ARM_CORTEX_M3,
}
_ARGUMENTS = (
    arm_const.UC_ARM_REG_R0,
    arm_const.UC_ARM_REG_R1,
    arm_const.UC_ARM_REG_R2,
    arm_const.UC_ARM_REG_R3,
)
_THUMB = 0x01000000  # XPSR with nothing but the state bit: no conditions, no IT block


class BoardError(Exception):
    """The program did something that ends a real one: a fault, or an endless loop."""


@functools.cache
def image(processor: str, locked: bool) -> Path:
    """The program for a processor, built in each run. Raises BuildError."""
    BUILD.mkdir(parents=True, exist_ok=True)
    made = BUILD / f"{processor}{'' if locked else '-unlocked'}.elf"
    # -O2 is what firmware compiles the core with.
    flags = ["-std=c11", "-O2", "-mthumb", f"-mcpu={processor}", f"-DUNLOCKED={int(not locked)}"]
    flags += ["-Wall", "-Wextra", "-Werror", f"-I{CORE}"]
    link = ["-nostartfiles", f"-Wl,-Ttext={FLASH:#x}", f"-Wl,-Tdata={RAM:#x}", "-Wl,-e,done"]
    sources = [str(path) for path in (HERE / "image.c", *core_sources())]
    run_compiler(
        ["arm-none-eabi-gcc", *flags, *link, "--specs=nosys.specs", *sources, "-o", str(made)]
    )
    return made


class Board:
    """One processor. Addresses are of the emulated machine; sizes are in bytes."""

    def __init__(self, processor: str, locked: bool = True) -> None:
        mode = unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS
        self.cpu = unicorn.Uc(unicorn.UC_ARCH_ARM, mode)
        self.cpu.ctl_set_cpu_model(PROCESSORS[processor])
        self.cpu.mem_map(FLASH, 0x10000, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        self.cpu.mem_map(RAM, RAM_SIZE)
        with image(processor, locked).open("rb") as file:
            elf = ELFFile(file)
            for segment in elf.iter_segments("PT_LOAD"):
                if segment["p_filesz"] and segment["p_vaddr"] < RAM:
                    self.cpu.mem_write(segment["p_vaddr"], segment.data())
            table = elf.get_section_by_name(".symtab")
            self.symbols = {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}
        self.end = self.symbols["done"] & ~1

    # ---- memory ----

    def read(self, address: int, size: int) -> bytes:
        """Bytes of the machine."""
        return bytes(self.cpu.mem_read(address, size))

    def write(self, address: int, data: bytes) -> None:
        """Sets bytes of the machine."""
        self.cpu.mem_write(address, data)

    def word(self, address: int) -> int:
        """A word of the machine."""
        return int.from_bytes(self.read(address, 4), "little")

    def save(self):
        """All of the machine that a program can change."""
        return self.cpu.context_save(), self.read(RAM, RAM_SIZE)

    def restore(self, saved) -> None:
        """Puts the machine back to a moment."""
        context, memory = saved
        self.write(RAM, memory)
        self.cpu.context_restore(context)

    # ---- running ----

    @property
    def pc(self) -> int:
        """The address of the next instruction."""
        return self.cpu.reg_read(arm_const.UC_ARM_REG_PC) & ~1

    @property
    def masked(self) -> bool:
        """Whether interrupts are held off."""
        return bool(self.cpu.reg_read(arm_const.UC_ARM_REG_PRIMASK) & 1)

    def enter(self, name: str, *arguments: int, stack: int = STACK) -> None:
        """Puts the processor at the start of a function."""
        self.cpu.reg_write(arm_const.UC_ARM_REG_XPSR, _THUMB)
        for register, value in zip(_ARGUMENTS, arguments, strict=False):
            self.cpu.reg_write(register, value & 0xFFFFFFFF)
        self.cpu.reg_write(arm_const.UC_ARM_REG_SP, stack)
        self.cpu.reg_write(arm_const.UC_ARM_REG_LR, self.end | 1)
        self.cpu.reg_write(arm_const.UC_ARM_REG_PC, self.symbols[name] | 1)

    def go(self, count: int = LIMIT) -> int:
        """Runs until the function returns, or for `count` instructions; the value in r0."""
        try:
            self.cpu.emu_start(self.pc | 1, self.end, count=count)
        except unicorn.UcError as error:
            raise BoardError(f"{error} at {self.pc:#x}") from None
        if count == LIMIT and self.pc != self.end:
            raise BoardError(f"still running at {self.pc:#x}")
        return self.cpu.reg_read(arm_const.UC_ARM_REG_R0)

    def call(self, name: str, *arguments: int) -> int:
        """Calls a function on a stack of its own; what it returns."""
        self.enter(name, *arguments)
        return self.go()

    def interrupt(self, heap: int) -> None:
        """Lets the handler run on the stack of whatever runs now, and goes on there."""
        saved = self.cpu.context_save()
        stack = (self.cpu.reg_read(arm_const.UC_ARM_REG_SP) - 64) & ~7
        self.enter("interrupt", heap, stack=stack)
        self.go()
        self.cpu.context_restore(saved)
