"""The native module's lock. Two cores on one heap, in machines that QEMU emulates with a thread
for each core: LDREX and STREX on two Cortex-M33, AMO instructions on two RISC-V harts. MicroPython
runs on neither with both cores, so a small image does. And a core without atomic instructions, as
ESP32-C3 has.
"""

import subprocess
from pathlib import Path

import pytest

from galloc_mp.targets import find_spec
from galloc_mp.targets.qemu import QemuTarget
from galloc_mp.targets.registry import ROOT
from host_tests.device.test_device import FOLDER as DEVICE

FOLDER = Path(__file__).parent / "cores"
SOURCES = [FOLDER / "image.c", *sorted((ROOT / "firmware" / "core").glob("*.c"))]
FLAGS = [
    *("-std=gnu11", "-Os", "-Wall", "-Wextra", "-ffreestanding", "-nostdlib"),
    # The lock of the native module, not of a port.
    *("-DMICROPY_ENABLE_DYNRUNTIME=1", "-fno-tree-loop-distribute-patterns"),
    *(f"-I{ROOT}/firmware/core", f"-I{ROOT}/firmware/module", f"-T{FOLDER}/image.ld"),
]
RISCV = "riscv64-unknown-elf-gcc --specs=picolibc.specs -misa-spec=2.2 -mno-relax -mcmodel=medany "
AT = "-Wl,--defsym=ORIGIN_={} -Wl,--defsym=RAM_={}"
# Processor flags as in MicroPython's dynruntime.mk.
MACHINES = {
    "cortex-m33": (
        "arm-none-eabi-gcc -mthumb -mcpu=cortex-m3 " + AT.format(0x10000000, 0x38000000),
        "qemu-system-arm -M mps2-an521",
    ),
    "rv32": (
        RISCV + "-march=rv32imac -mabi=ilp32 " + AT.format(0x80000000, 0x80100000),
        "qemu-system-riscv32 -M virt -smp 2 -bios none",
    ),
    "rv64": (
        RISCV + "-march=rv64imac -mabi=lp64 " + AT.format(0x80000000, 0x80100000),
        "qemu-system-riscv64 -M virt -smp 2 -bios none",
    ),
}


def verdict(folder: Path, machine: str, *defines: str) -> str:
    """Builds the image and runs it; what it says, nothing when the heap's damage stopped it."""
    compiler, emulator = (command.split() for command in MACHINES[machine])
    image = folder / "image.elf"
    built = subprocess.run(
        [*compiler, *FLAGS, *(f"-D{d}" for d in defines), *SOURCES, "-lgcc", "-o", image],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    console = "-display none -monitor none -serial none -semihosting -accel tcg,thread=multi"
    command = [*emulator, *console.split(), "-kernel", image]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout + done.stderr


@pytest.mark.parametrize("machine", MACHINES)
def test_lock_covers_both_cores(tmp_path, machine):
    assert verdict(tmp_path, machine) == "ok\n"


@pytest.mark.parametrize("machine", ["cortex-m33", "rv32"])
def test_without_the_lock_it_fails(tmp_path, machine):
    """So the test above is known to bite."""
    assert verdict(tmp_path, machine, "GALLOC_WITHOUT_LOCK=1") != "ok\n"


@pytest.mark.parametrize("atomics", ["on", "off"])
def test_module_asks_for_atomic_instructions(atomics):
    """The same native module on a core with and without them, where they are illegal."""
    spec = find_spec("VIRT_RV32-natmod")
    with QemuTarget(spec, ("-cpu", f"rv32,a={atomics}")) as target:
        for script in ("raw", "block"):
            output = target.exec((DEVICE / f"{script}.py").read_bytes(), timeout=120)
            assert output.splitlines()[-1:] == ["ok"], output
