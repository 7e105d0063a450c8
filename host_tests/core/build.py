"""Builds of the core with a test driver, cached by the content of all that goes in."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "firmware" / "core"
DRIVER = Path(__file__).resolve().parent / "driver"
CACHE = ROOT / "build" / "host_tests" / "core"

WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wundef", "-Wshadow")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
SERVE = (
    *("driver.c", "serve.c", "serve_banks.c", "random.c", "checked.c"),
    *("sweep.c", "harness.c"),
)


@dataclass(frozen=True)
class Variant:
    """One way to build the core and a program around it.

    flags: further compiler flags for the core and the program alike.
    core_flags: flags for the core's own files only.
    """

    name: str
    compiler: str = "gcc"
    bits: int = 64
    flags: tuple[str, ...] = ()
    core_flags: tuple[str, ...] = ()
    link_flags: tuple[str, ...] = ()
    sanitizers: tuple[str, ...] = SANITIZERS
    optimise: str = "-O1"
    program: tuple[str, ...] = SERVE
    level: int = 2  # GALLOC_HARDENING

    def __str__(self) -> str:
        return self.name


_LEVEL_1 = ("-DGALLOC_HARDENING=1",)
_SMALL = ("-DGALLOC_SMALLBINS=4", "-DGALLOC_ALIGNMENT_SUB_BINS=2")

VARIANTS = (
    Variant("gcc64"),
    Variant("gcc32", bits=32),
    Variant("gcc64-Os", optimise="-Os"),
    Variant("gcc32-Os", bits=32, optimise="-Os"),
    Variant("gcc64-small", flags=_SMALL),
    Variant("gcc32-small", bits=32, flags=_SMALL),
    Variant("clang64", compiler="clang"),
)
BY_NAME = {variant.name: variant for variant in VARIANTS}

_WRAP = "-Wl,--wrap=memcpy,--wrap=memmove,--wrap=memset"


def _locked(name: str, lock: int) -> Variant:
    """The thread test under ThreadSanitizer. lock: GALLOC_TEST_LOCK of driver/locked.c."""
    return Variant(
        f"locked-{name}",
        flags=(f"-DGALLOC_TEST_LOCK={lock}",),
        link_flags=(_WRAP, "-pthread"),
        sanitizers=("-fsanitize=thread",),
        program=("locked.c", "threads.c", "harness.c"),
    )


LOCKED = {"none": _locked("none", 0), "own": _locked("own", 1), "watched": _locked("watched", 2)}
# Sets of banks call by call, and the thread test of their locked form.
BANKS = tuple(
    Variant(
        f"banks{bits}-level{level}",
        bits=bits,
        flags=(f"-DGALLOC_HARDENING={level}",),
        optimise=optimise,
        program=("banks_calls.c", "harness.c"),
    )
    for bits, level, optimise in ((64, 2, "-O2"), (32, 2, "-Os"), (64, 1, "-Os"), (32, 1, "-O2"))
)
BANKS_LOCKED = Variant(
    "banks-locked",
    link_flags=(_WRAP, "-pthread"),
    sanitizers=("-fsanitize=thread",),
    program=("banks_locked.c", "threads.c", "harness.c"),
)
COST = Variant(
    "cost",
    core_flags=("-fsanitize-coverage=trace-pc",),
    sanitizers=(),
    program=("cost.c", "harness.c"),
)


class BuildError(Exception):
    """The compiler or linker refused; the text is what it said."""


def core_sources() -> list[Path]:
    """The core's C files, in a fixed order."""
    return sorted(CORE.glob("*.c"))


@functools.cache
def compiler_version(compiler: str) -> str:
    """The version line of a compiler. Raises BuildError naming it when it is not installed."""
    if shutil.which(compiler) is None:
        raise BuildError(f"{compiler} is not installed")
    asked = subprocess.run([compiler, "--version"], capture_output=True, text=True, timeout=60)
    return asked.stdout.splitlines()[0]


def run_compiler(command: list[str]) -> str:
    """Runs a compiler, returns its output. Raises BuildError with all of it when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise BuildError(" ".join(command) + "\n" + done.stdout + done.stderr)
    return done.stdout


def digest(variant: Variant) -> str:
    """Names a build by the content of its sources, the headers beside them, flags and compiler."""
    seen = hashlib.sha256(repr(variant).encode() + compiler_version(variant.compiler).encode())
    files = sorted(CORE.glob("*.[ch]")) + sorted(DRIVER.glob("*.[ch]"))
    for folder in sorted({(DRIVER / name).parent for name in variant.program} - {DRIVER}):
        files += sorted(folder.glob("*.[ch]"))
    for path in files:
        seen.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return seen.hexdigest()[:16]


def build(variant: Variant) -> Path:
    """The executable of a variant, built when it is not in the cache.

    Safe when several processes ask at once: the result appears under its name only when whole.
    Raises BuildError with the compiler's words.
    """
    target = CACHE / f"{variant.name}-{digest(variant)}"
    if target.exists():
        return target
    CACHE.mkdir(parents=True, exist_ok=True)
    common = [variant.compiler, f"-m{variant.bits}", "-g", variant.optimise, *variant.sanitizers]
    common += [*WARNINGS, *variant.flags, f"-I{CORE}", f"-I{DRIVER}"]
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="making-") as folder:
        objects = []
        for source in core_sources():
            made = Path(folder) / f"core-{source.stem}.o"
            run_compiler(
                [*common, "-std=c11", *variant.core_flags, "-c", str(source), "-o", str(made)]
            )
            objects.append(str(made))
        program = [str(DRIVER / name) for name in variant.program]
        whole = Path(folder) / "whole"
        run_compiler(
            [*common, "-std=gnu11", *program, *objects, *variant.link_flags, "-o", str(whole)]
        )
        for old in CACHE.glob(f"{variant.name}-????????????????"):
            old.unlink(missing_ok=True)
        os.replace(whole, target)
    return target


def build_all(variants: Iterable[Variant]) -> dict[str, Path | BuildError]:
    """Builds several variants side by side; a failed one gives its error instead of a path."""

    def attempt(variant: Variant) -> Path | BuildError:
        try:
            return build(variant)
        except BuildError as error:
            return error

    wanted = list(variants)
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        return dict(zip([v.name for v in wanted], pool.map(attempt, wanted), strict=True))
