"""Builds one driver binary per allocator, under build/bench."""

import gzip
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "bench"
CORE = ROOT / "firmware" / "core"
TRACES = HERE.parent / "traces"

# What users build with, no link-time optimisation. Line tables do not change the code.
CFLAGS = ["-std=c11", "-O3", "-g1"]
# The driver's own code must be told from the allocator's, and its calls must stay calls.
DRIVER_FLAGS = [
    "-std=gnu11", "-O2", "-g1", "-Wall", "-Wextra", "-Werror", "-mno-red-zone",
    "-fno-optimize-sibling-calls", "-fno-reorder-functions", "-fno-reorder-blocks-and-partition",
]  # fmt: skip


class BuildError(Exception):
    """A compiler said no; the message is what it printed."""


@dataclass(frozen=True)
class Binary:
    """A driver with one allocator in it.

    driver: names of the functions in it that are not the allocator's.
    libc: the allocator is the C library's.
    """

    name: str
    path: Path
    driver: frozenset[str]
    libc: bool = False


def compiler() -> str:
    """The C compiler's own name for itself, as instruction counts depend on it."""
    cc = os.environ.get("CC", "gcc")
    out = subprocess.run([cc, "--version"], capture_output=True, text=True, check=True)
    return out.stdout.splitlines()[0]


def run(*command: str | Path) -> None:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        raise BuildError(f"{' '.join(map(str, command))}\n{done.stderr}{done.stdout}")


def compile_driver(folder: Path, adapter: Path, defines: list[str]) -> list[Path]:
    """Compiles the driver and an adapter, their code moved to a section of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    cc = os.environ.get("CC", "gcc")
    flags = list(DRIVER_FLAGS)
    if os.uname().machine != "x86_64":
        flags.remove("-mno-red-zone")
    objects = []
    for source in [*sorted((HERE / "driver").glob("*.c")), adapter]:
        target = folder / f"driver-{source.stem}.o"
        include = [f"-I{CORE}", f"-I{HERE / 'driver'}"]
        run(cc, *flags, *include, *defines, "-c", source, "-o", target)
        sections = (".text", ".text.startup", ".text.unlikely", ".text.exit", ".text.hot")
        renames = [f"--rename-section={s}=bench_text" for s in sections]
        run("objcopy", *renames, target)
        objects.append(target)
    return objects


def function_names(objects: list[Path]) -> frozenset[str]:
    out = subprocess.run(
        ["nm", "--defined-only", *map(str, objects)], capture_output=True, text=True, check=True
    )
    rows = (line.split() for line in out.stdout.splitlines())
    return frozenset(r[2] for r in rows if len(r) == 3 and r[1] in "tT")


def galloc(name: str = "galloc", defines: tuple[str, ...] = (), opt: str = "-O3") -> Binary:
    """Ours: the core's sources compiled one by one with CFLAGS and `defines`.

    Raises BuildError.
    """
    folder = BUILD / name
    driver = compile_driver(folder, HERE / "adapters" / "galloc.c", list(defines))
    cc = os.environ.get("CC", "gcc")
    objects = []
    sources = sorted(CORE.glob("*.c"))
    if not sources:
        raise BuildError(f"{CORE} holds no C source")
    flags = [opt if f == "-O3" else f for f in CFLAGS]
    for source in sources:
        target = folder / f"core-{source.stem}.o"
        run(cc, *flags, f"-I{CORE}", *defines, "-c", source, "-o", target)
        objects.append(target)
    path = folder / f"bench-{name}"
    run(cc, "-Wl,-z,now", *driver, *objects, "-o", path)
    return Binary(name, path, function_names(driver))


def glibc() -> Binary:
    """The C library's malloc. Raises BuildError."""
    folder = BUILD / "glibc"
    driver = compile_driver(folder, HERE / "adapters" / "glibc.c", [])
    path = folder / "bench-glibc"
    run(os.environ.get("CC", "gcc"), "-Wl,-z,now", *driver, "-o", path)
    return Binary("glibc", path, function_names(driver), libc=True)


def traces() -> dict[str, Path]:
    """The recorded programs, unpacked under build/bench/traces, by name."""
    folder = BUILD / "traces"
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for packed in sorted(TRACES.glob("*.trace.gz")):
        plain = folder / packed.stem
        if not plain.exists() or plain.stat().st_mtime < packed.stat().st_mtime:
            with gzip.open(packed) as source, plain.open("wb") as target:
                shutil.copyfileobj(source, target)
        found[packed.name.removesuffix(".trace.gz")] = plain
    return found
