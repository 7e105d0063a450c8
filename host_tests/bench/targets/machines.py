"""The boards that are measured: what an image for one is compiled with and where it lies."""

from dataclasses import dataclass

from galloc_mp.targets import find_spec

KIB = 1024


@dataclass(frozen=True)
class Machine:
    """A board as the measurements see it; addresses and sizes in bytes.

    processor: its name in host_tests/verify/interrupts, where masked instructions are counted.
    ticks: of SysTick, and the instructions that they are, under `-icount shift=10`; None where the
    processor counts instructions itself.
    worst_at: memory for the adversarial states; None: they take what the workloads have.
    """

    board: str
    core: str
    cc: tuple[str, ...]
    code: tuple[int, int]
    ram: tuple[int, int]
    regions: dict[str, int]
    processor: str | None = None
    ticks: tuple[int, int] | None = None
    worst_at: int | None = None
    worst_region: int = 168 * KIB
    worst_holes: int = 2000

    @property
    def emulator(self) -> tuple[str, ...]:
        """The command that runs it."""
        return find_spec(self.board).emulator

    @property
    def arm(self) -> bool:
        """Or RISC-V."""
        return self.cc[0].startswith("arm")


ARM = "arm-none-eabi-gcc"
MPS2 = dict(
    code=(0, 0x400000),
    ram=(0x20000000, 0x400000),
    regions={"lua": 168 * KIB, "tls": 128 * KIB, "sqlite": 384 * KIB},
    ticks=(128, 5),  # 25 MHz
    worst_at=0x21000000,
    worst_region=0x1000000,
)
MACHINES = (
    Machine(
        "MICROBIT",
        "Cortex-M0+",
        (ARM, "-mthumb", "-mcpu=cortex-m0plus", "-mfloat-abi=soft"),
        code=(0, 0x100000),
        ram=(0x20000000, 0x40000),
        regions={"lua": 168 * KIB, "tls": 128 * KIB, "sqlite": 0},
        processor="cortex-m0plus",
        ticks=(2048, 125),  # 16 MHz
        worst_holes=100,
    ),
    Machine(
        "MPS2_AN385",
        "Cortex-M3",
        (ARM, "-mthumb", "-mcpu=cortex-m3", "-mfloat-abi=soft"),
        processor="cortex-m3",
        **MPS2,
    ),
    Machine(
        "MPS2_AN386",
        "Cortex-M4F",
        (ARM, "-mthumb", "-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
        **MPS2,
    ),
    Machine(
        "MPS2_AN500",
        "Cortex-M7",
        (ARM, "-mthumb", "-mcpu=cortex-m7", "-mfloat-abi=soft"),
        **(MPS2 | dict(worst_at=0x60000000)),
    ),
    Machine(
        "VIRT_RV32",
        "RV32IMAC",
        (
            "riscv64-unknown-elf-gcc",
            "-march=rv32imac",
            "-mabi=ilp32",
            "-misa-spec=2.2",
            "--specs=picolibc.specs",
        ),
        code=(0x80000000, 0x200000),
        ram=(0x80200000, 0x400000),
        regions=MPS2["regions"],
        worst_at=0x81000000,
        worst_region=0x1000000,
    ),
)
