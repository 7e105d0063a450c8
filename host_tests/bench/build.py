"""Builds one driver binary per allocator, under build/bench."""

import gzip
import os
import re
import shutil
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from galloc_mp.targets.registry import mpy_dir

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Another version of the core, to compare with: BENCH_CORE=path. It is built elsewhere.
CORE = Path(os.environ.get("BENCH_CORE", ROOT / "firmware" / "core")).resolve()
BUILD = ROOT / "build" / ("bench-other" if "BENCH_CORE" in os.environ else "bench")
TRACES = HERE.parent / "traces"

# What users build with, no link-time optimisation. Line tables do not change the code.
CFLAGS = ["-std=c11", "-O3", "-g1"]
# The driver's calls must stay calls, and functions that look the same must stay apart.
DRIVER_FLAGS = [
    "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fno-optimize-sibling-calls",
    "-fno-ipa-icf",
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


def part_of(target: Path) -> Path:
    """Where a file is written before it takes its place whole: builds may run beside this one."""
    return target.with_name(f"{target.name}.{os.getpid()}.{threading.get_ident()}")


def run(*command: str | Path, target: Path) -> None:
    """Runs a compiler or linker that makes `target`, which appears only when it is whole."""
    part = part_of(target)
    words = [*map(str, command), "-o", str(part)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        first = "\n".join((done.stderr + done.stdout).splitlines()[:12])
        part.unlink(missing_ok=True)
        raise BuildError(f"{' '.join(words)}\n{first}")
    part.replace(target)


def compile_once(source: Path, target: Path, flags: list[str], headers: list[Path]) -> Path:
    """Compiles a source unless its object is newer than all sources and has these flags."""
    command = [os.environ.get("CC", "gcc"), *flags, "-c", str(source)]
    stamp = target.with_suffix(".flags")
    text = compiler() + "\n" + "\n".join(command)
    newest = max(p.stat().st_mtime for p in (source, *headers))
    if not (
        target.exists()
        and target.stat().st_mtime > newest
        and stamp.exists()
        and stamp.read_text() == text
    ):
        target.parent.mkdir(parents=True, exist_ok=True)
        run(*command, target=target)
        stamp.write_text(text)
    return target


def compile_driver(folder: Path, adapter: Path, defines: list[str]) -> list[Path]:
    """Compiles the driver, once for all allocators, and an adapter for one."""
    flags = [*DRIVER_FLAGS, f"-I{CORE}", f"-I{HERE / 'driver'}"]
    headers = [p for where in (HERE / "driver", adapter.parent, CORE) for p in where.glob("*.h")]
    objects = []
    for source in sorted((HERE / "driver").glob("*.c")):
        target = BUILD / "driver" / f"{source.stem}.o"
        objects.append(compile_once(source, target, flags, headers))
    target = folder / f"adapter-{adapter.stem}.o"
    return [*objects, compile_once(adapter, target, [*flags, *defines], headers)]


def function_names(objects: list[Path]) -> frozenset[str]:
    out = subprocess.run(
        ["nm", "--defined-only", *map(str, objects)], capture_output=True, text=True, check=True
    )
    rows = (line.split() for line in out.stdout.splitlines())
    return frozenset(r[2] for r in rows if len(r) == 3 and r[1] in "tT")


def galloc(
    name: str = "galloc",
    defines: tuple[str, ...] = (),
    opt: str = "-O3",
    guards: bool = False,
    adapter: str = "galloc.c",
) -> Binary:
    """Ours: the core's sources compiled one by one with CFLAGS and `defines`.

    guards: the adapter's calls are those of galloc_debug.h, inlined there; so it counts as a part
    of the allocator. Raises BuildError.
    """
    folder = BUILD / name
    flags = ["-O3", "-DGALLOC_DEBUG=1", "-include", "galloc_debug.h"] if guards else []
    driver = compile_driver(folder, HERE / "adapters" / adapter, [*flags, *defines])
    sources = sorted(CORE.glob("*.c"))
    if not sources:
        raise BuildError(f"{CORE} holds no C source")
    flags = [opt if f == "-O3" else f for f in CFLAGS]
    headers = list(CORE.glob("*.h"))
    objects = [
        compile_once(s, folder / f"core-{s.stem}.o", [*flags, f"-I{CORE}", *defines], headers)
        for s in sources
    ]
    cc = os.environ.get("CC", "gcc")
    path = folder / f"bench-{name}"
    run(cc, "-Wl,-z,now", *driver, *objects, target=path)
    return Binary(name, path, function_names(driver[:-1] if guards else driver))


def hardened(level: int) -> Binary:
    """Ours with so much hardening: 2 is the default build. Raises BuildError."""
    if level == 2:
        return galloc()
    return galloc(f"galloc-{level}", (f"-DGALLOC_HARDENING={level}",))


def glibc() -> Binary:
    """The C library's malloc. Raises BuildError."""
    folder = BUILD / "glibc"
    driver = compile_driver(folder, HERE / "adapters" / "glibc.c", [])
    path = folder / "bench-glibc"
    folder.mkdir(parents=True, exist_ok=True)
    run(os.environ.get("CC", "gcc"), "-Wl,-z,now", *driver, target=path)
    return Binary("glibc", path, function_names(driver), libc=True)


HEAP_4 = Path("ports", "cc3200", "FreeRTOS", "Source", "portable", "MemMang", "heap_4.c")


def freertos() -> tuple[Binary, str]:
    """heap_4 of FreeRTOS as MicroPython's sources have it, and its version.

    Raises BuildError, also when there are no such sources.
    """
    source = mpy_dir() / HEAP_4
    if not source.exists():
        raise BuildError(f"{source} is missing; set-up step micropython fetches it")
    folder, place = BUILD / "freertos", HERE / "adapters" / "freertos"
    driver = compile_driver(folder, HERE / "adapters" / "freertos.c", [])
    flags = [*CFLAGS, f"-I{place}", f'-DHEAP_4="{source}"']
    heap = compile_once(place / "heap.c", folder / "heap.o", flags, [*place.glob("*.h"), source])
    path = folder / "bench-freertos"
    run(os.environ.get("CC", "gcc"), "-Wl,-z,now", *driver, heap, target=path)
    version = re.search(r"FreeRTOS V([\d.]+)", source.read_text(errors="replace"))
    return Binary("freertos", path, function_names(driver)), version[1] if version else "?"


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
