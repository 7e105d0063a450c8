"""What calls cost from Python, in the board's firmware with the module."""

from pathlib import Path

from galloc_mp.targets import TargetError, find_spec
from galloc_mp.targets.qemu import QemuTarget

from ..measure import MeasureError
from .machines import Machine

SCRIPT = Path(__file__).with_name("on_board.py")
SHIFT = 4  # an instruction takes 16 ns of the board's time, so that a collection does not wrap it
SIZES = (64, 1024)
MTIME, MTIME_HZ = 0x0200BFF8, 10_000_000  # RISC-V's timer in QEMU's virt
SYST_CVR = 0xE000E018


def run(machine: Machine, sizes: tuple[int, ...] = SIZES) -> dict[str, int]:
    """Instructions of one call, by what is called. Raises MeasureError."""
    if machine.ticks:
        ticks, instructions = machine.ticks  # at shift 10
        scale = instructions / ticks * 2 ** (10 - SHIFT)
        names = dict(NOW=SYST_CVR, DOWN=True, MASK=0xFFFFFF)
    else:
        scale = 1e9 / MTIME_HZ / 2**SHIFT
        names = dict(NOW=MTIME, DOWN=False, MASK=0x3FFFFFFF)
    names |= dict(SCALE=scale, SIZES=sizes)
    head = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    spec = find_spec(machine.board)
    try:
        with QemuTarget(spec, extra=("-icount", f"shift={SHIFT},sleep=off")) as board:
            output = board.exec(head + SCRIPT.read_text(), timeout=300)
    except TargetError as error:
        raise MeasureError(f"{machine.board}: {error}") from None
    rows = (line.rsplit(": ", 1) for line in output.splitlines())
    return {name: int(number) for name, number in rows}
