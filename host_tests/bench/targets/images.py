"""Images without MicroPython: an allocator, the workloads and the traces on a bare processor."""

import functools
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from galloc_mp.replay.trace import load
from galloc_mp.targets.registry import BUILD, mpy_dir
from host_tests.tools.job import objects as firmware_objects

from .. import build
from ..build import CORE, HERE, TRACES, BuildError
from ..measure import MeasureError, driver
from ..run import LEVELS
from .machines import Machine

FOLDER = BUILD / "bench-targets"
IMAGE = Path(__file__).with_name("image")
INPUTS = ("R64", "R64n", "lua", "tls", "sqlite", "worst")
KINDS = ("alloc", "free", "realloc")
# The driver is the same in all images, whatever the allocator is compiled with.
DRIVER_FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")
STOPPED = ("printf", "fprintf", "snprintf", "exit", "realloc", "getenv")  # of the C library
COPYING = ("memcpy", "memmove", "memset")
UNLIMITED = 0xFFFFFFFF
TIMEOUT = 300


@dataclass(frozen=True)
class Subject:
    """An allocator in one way of compiling it.

    fill: per cent of the region that live blocks between holes take before a workload starts.
    """

    name: str
    adapter: str
    flags: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    fill: int = 0
    inputs: tuple[str, ...] = INPUTS

    @property
    def ours(self) -> bool:
        """galloc itself."""
        return self.adapter == "galloc"


RECORDED = ("R64n", "lua", "tls", "sqlite")
OURS = tuple(
    Subject(f"{name}, {opt}", "galloc", (opt, f"-DGALLOC_HARDENING={level}"))
    for name, level in LEVELS.items()
    for opt in ("-O2", "-Os")
)
ARM_LIBRARIES = (
    Subject("newlib malloc", "libc", inputs=INPUTS[:-1]),
    Subject("newlib-nano malloc", "libc", link=("--specs=nano.specs",), inputs=INPUTS[:-1]),
)
RISCV_LIBRARIES = (Subject("picolibc malloc", "libc", inputs=INPUTS[:-1]),)
FREERTOS = Subject("FreeRTOS heap_4", "freertos", ("-O2",), inputs=INPUTS[:-1])
FULL = "{}, {} % full"
FILL = 70
# Not R64, which asks for alignments that it has no call for.
MICROPYTHON = (
    Subject("m_malloc", "micropython", inputs=RECORDED),
    Subject(FULL.format("m_malloc", FILL), "micropython", fill=FILL, inputs=("R64n",)),
)
OURS_FULL = Subject(
    FULL.format("galloc, -O2", FILL), "galloc", ("-O2",), fill=FILL, inputs=("R64n",)
)


def subjects(machine: Machine) -> tuple[Subject, ...]:
    """What is measured there, ours first; the levels of hardening on the boards in detail."""
    libraries = ARM_LIBRARIES if machine.arm else RISCV_LIBRARIES
    ours = OURS if machine.processor else OURS[:2]
    return (*ours, OURS_FULL, *libraries, FREERTOS, *MICROPYTHON)


def object_file(machine: Machine, subject: Subject, source: Path) -> Path:
    """Where the object of a source goes."""
    slug = "".join(c if c.isalnum() else "-" for c in subject.name)
    return FOLDER / f"{machine.board}-{slug}-{source.stem}.o"


def compile_image(machine: Machine, subject: Subject) -> Path:
    """The image with that allocator; one command, since all of it takes about a second.

    Raises BuildError.
    """
    programs = pack_traces(machine)
    objects = []
    for source, flags in sources(machine, subject, programs):
        target = object_file(machine, subject, source)
        build.run(*machine.cc, *flags, "-c", source, target=target)
        objects.append(target)
    if subject.adapter == "micropython":
        objects += micropython_objects(machine)
    image = object_file(machine, subject, Path("image")).with_suffix(".elf")
    places = dict(code_origin=machine.code[0], code_size=machine.code[1])
    places |= dict(ram_origin=machine.ram[0], ram_size=machine.ram[1])
    options = [f"-Wl,--defsym={k}={v:#x}" for k, v in places.items()]
    options += [f"-Wl,--wrap={name}" for name in COPYING]
    options += ["-nostartfiles", "-static", "-Wl,--gc-sections", f"-T{IMAGE / 'image.ld'}"]
    build.run(*machine.cc, *options, *subject.link, *objects, target=image)
    return image


def sources(machine: Machine, subject: Subject, programs: Path):
    """Each source with its flags."""
    include = [f"-I{CORE}", f"-I{HERE / 'driver'}", f"-I{HERE}", f"-I{IMAGE}"]
    sections = ["-ffunction-sections", "-fdata-sections"]
    defines = [f"-DBENCH_{name.upper()}_REGION={size}" for name, size in machine.regions.items()]
    defines.append(f"-DBENCH_POOL={max(machine.regions.values())}")
    defines += [f"-DWORST_REGION={machine.worst_region}", "-DWORST_SLACK=1"]
    defines.append(f"-DWORST_HOLES={machine.worst_holes}")
    if machine.worst_at is not None:
        defines.append(f"-DBENCH_WORST_AT={machine.worst_at:#x}")
    if machine.ticks:
        ticks, instructions = machine.ticks
        defines += [f"-DMACHINE_TICKS={ticks}u", f"-DMACHINE_INSTRUCTIONS={instructions}u"]
    common = [*DRIVER_FLAGS, *include, *sections, *defines]
    stopped = [f"-D{name}=bench_{name}" for name in STOPPED]
    loops = "-fno-tree-loop-distribute-patterns"  # copying is written out, no call of memcpy
    yield IMAGE / "start.c", common
    yield IMAGE / "main.c", [*common, "-Wno-builtin-declaration-mismatch"]
    adapter = f'-DBENCH_ADAPTER="adapters/{subject.adapter}.c"'
    yield IMAGE / "ops.c", [*common, loops, adapter, "-Dgetenv=bench_getenv"]
    for name in ("workloads", "worst"):
        yield HERE / "driver" / f"{name}.c", [*common, *stopped, "-Wno-format"]
    yield programs, []
    if subject.ours:
        for source in sorted(CORE.glob("*.c")):
            yield source, ["-std=c11", *subject.flags, *include, *sections]
    if subject == FREERTOS:
        place = HERE / "adapters" / "freertos"
        heap_4 = [f"-I{place}", f'-DHEAP_4="{mpy_dir() / build.HEAP_4}"']
        yield place / "heap.c", ["-std=c11", *subject.flags, *heap_4, *sections]


def pack_traces(machine: Machine) -> Path:
    """Assembler that holds the recorded programs, packed as galloc_mp.replay does."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = [".section .rodata", ".balign 4"]
    for name in ("lua", "tls", "sqlite"):
        packed = FOLDER / f"{name}.bin"
        if not packed.exists():
            trace = load(TRACES / f"{name}.trace.gz")
            _write_whole(packed, trace.pack(0, len(trace)))
        body = f'.incbin "{packed}"' if machine.regions[name] else ""
        lines += [f".global {name}_start, {name}_end", f"{name}_start: {body}", f"{name}_end:"]
    file = FOLDER / f"{machine.board}-traces.s"
    _write_whole(file, "\n".join([*lines, ""]).encode())
    return file


def _write_whole(file: Path, data: bytes) -> None:
    """Writes a file that builds beside this one may be reading: it is never there in part."""
    if file.exists() and file.read_bytes() == data:
        return
    part = build.part_of(file)
    part.write_bytes(data)
    part.replace(file)


# Functions and variables of the C libraries' malloc and of MicroPython's, by name.
ALLOCATORS = {
    "libc": (
        r"_?(malloc|free|realloc|memalign|malloc_usable_size|malloc_trim|sbrk)(_r)?|__?malloc_\w+"
        r"|sbrk_aligned",
        r"_*malloc_\w+",
    ),
    "freertos": (
        r"pvPortMalloc|vPortFree|prv\w+|freertos_start",
        r"xStart|pxEnd|x\w+BytesRemaining|xBlockAllocatedBit",
    ),
    "micropython": (r"(gc|m)_\w+", None),
}


def _symbols(image: Path, kind: str, pattern: str) -> int:
    """Bytes of the symbols of this kind whose whole name matches."""
    with open(image, "rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        found = {
            symbol["st_value"]: symbol["st_size"]
            for symbol in table.iter_symbols()
            if symbol["st_info"]["type"] == kind and re.fullmatch(pattern, symbol.name)
        }
    return sum(found.values())


@functools.cache
def control_data() -> int:
    """Bytes of galloc's control data in 64 KiB, the same on all machines."""
    return driver(build.galloc(), "control", "65536")[0]["control"]


def static_ram(subject: Subject, image: Path) -> int | None:
    """Bytes of RAM before any block: control data in 64 KiB, static variables; None: unknown."""
    if subject.ours:
        return control_data()
    pattern = ALLOCATORS[subject.adapter][1]
    return _symbols(image, "STT_OBJECT", pattern) if pattern else None


def code_size(machine: Machine, subject: Subject, image: Path) -> int:
    """Bytes of code and constants: galloc.c and galloc_check.c; of others what is in the image."""
    if not subject.ours:
        return _symbols(image, "STT_FUNC", ALLOCATORS[subject.adapter][0])
    size = 0
    for source in (CORE / "galloc.c", CORE / "galloc_check.c"):
        with open(object_file(machine, subject, source), "rb") as file:
            for section in ELFFile(file).iter_sections():
                if (
                    section["sh_flags"] & SH_FLAGS.SHF_ALLOC
                    and section["sh_type"] == "SHT_PROGBITS"
                ):
                    size += section["sh_size"]
    return size


def tools(machine: Machine) -> list[str]:
    """Compiler, C libraries and emulator, with their versions."""
    library = "newlib and newlib-nano" if machine.arm else "picolibc"
    macros = ("__NEWLIB__", "__NEWLIB_MINOR__", "__NEWLIB_PATCHLEVEL__")
    if not machine.arm:
        macros = ("__PICOLIBC_VERSION__",)
    done = subprocess.run(
        [*machine.cc, "-E", "-P", "-"],
        input=f"#include <stdlib.h>\nversion {' '.join(macros)}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    version = done.stdout.rpartition("version ")[2].strip().strip('"').replace(" ", ".")
    return [
        first_line(machine.cc[0], "--version"),
        f"{library} {version}",
        first_line(machine.emulator[0], "--version"),
    ]


def first_line(*words: str) -> str:
    """Of what a command prints."""
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


def micropython_objects(machine: Machine) -> list[Path]:
    """Its heap, as the board's firmware has it."""
    folder = firmware_objects(machine.board) / "py"
    objects = [folder / f"{name}.o" for name in ("gc", "malloc", "mpstate")]
    if not all(o.exists() for o in objects):
        board = machine.board
        raise BuildError(f"{folder} is not built: make firmware BOARD={board}")
    return objects


@dataclass(frozen=True)
class Count:
    """Instructions of calls of one kind."""

    calls: int
    sum: int
    most: int


def run(machine: Machine, image: Path, what: str, fill: int = 0, limit: int = UNLIMITED):
    """Boots an image for one input: counts by kind, and how many requests failed.

    Raises MeasureError.
    """
    order = [INPUTS.index(what), limit, fill]
    words = [*machine.emulator, "-display", "none", "-monitor", "none", "-kernel", str(image)]
    if machine.arm:
        words += ["-semihosting-config", "enable=on,target=native", "-serial", "null"]
    else:
        words += ["-serial", "stdio"]
    words += ["-icount", f"shift={10 if machine.ticks else 0},sleep=off"]
    for i, word in enumerate(order):
        place = sum(machine.ram) - 16 + 4 * i
        words += ["-device", f"loader,addr={place:#x},data={word:#x},data-len=4"]
    where = f"{machine.board}: {image.stem}: {what}"
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired as late:
        raise MeasureError(f"{where}: no end after {TIMEOUT} s") from late
    failures, counts = None, {}
    for line in done.stdout.splitlines():
        name, *numbers = line.rsplit(" ", 1 if line.startswith("failures") else 3)
        if line.startswith("fault"):
            raise MeasureError(f"{where}: {line}")
        if name == "failures":
            failures = int(numbers[0])
        elif len(numbers) == 3:
            counts[name] = Count(*map(int, numbers))
    if failures is None or not counts:
        raise MeasureError(f"{where}: {done.stdout.strip()[-300:] or 'no output'}")
    return counts, failures
