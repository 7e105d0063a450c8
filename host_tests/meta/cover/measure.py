"""Builds the core with counters, runs the tests' drivers on it."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ...core.build import CORE, DRIVER, ROOT, SERVE, run_compiler
from .gcov import Source, read

HERE = Path(__file__).resolve().parent
FOLDER = ROOT / "build" / "host_tests" / "meta" / "cover"

# Parts of their callers would count once a caller; as functions each line counts once.
AS_FUNCTIONS = ("-O0", "-Dalways_inline=unused")
# The closure's threads share the counters. gcov derives some counts from others, so one lost
# increment can make a way that was taken look untaken.
COUNTERS = ("--coverage", "-fprofile-update=atomic")


@dataclass(frozen=True)
class Build:
    """One way to compile the core with counters: flags of the core and the programs alike."""

    name: str
    flags: tuple[str, ...] = ()


# What one leaves out, another compiles: hot paths for speed or for size, either width, scans in C.
SMALL = "-D__OPTIMIZE_SIZE__"
BUILDS = (
    Build("64 bits"),
    Build("64 bits, small", (SMALL,)),
    Build("32 bits", ("-m32",)),
    Build("32 bits, small", ("-m32", SMALL, "-DGALLOC_HAVE_BIT_SCAN=0")),
)


TESTS = HERE.parents[1]


def beside(folder: str, *names: str) -> tuple[Path, ...]:
    """Source files of another kind of test."""
    return tuple(TESTS / folder / name for name in names)


PROGRAMS = {
    "unit": (*sorted((TESTS / "core" / "unit").glob("*.c")), DRIVER / "harness.c"),
    "driver": tuple(DRIVER / name for name in SERVE),
    "inject": (*beside("fault", "inject.c", "kinds.c", "subject.c"), DRIVER / "harness.c"),
    "overwrite": (*beside("fault", "overwrite.c", "subject.c"), DRIVER / "harness.c"),
    "closure": (
        *beside("verify/closure", "closure.c", "state.c", "store.c"),
        DRIVER / "harness.c",
    ),
    "banks": (DRIVER / "banks_calls.c", DRIVER / "harness.c"),
}
RUNS = (
    ("unit", "all"),
    ("banks",),
    ("driver", "random", "1", "32", "2000"),
    ("driver", "sweep", "900", "3"),
    ("inject", "1", "2000"),
    ("overwrite", "1", "5000"),
    ("closure", "14", "1"),
)


class RunError(Exception):
    """A driver ended badly; the text is what it said."""


def objects(folder: Path, build: Build) -> list[str]:
    """Compiles the core with counters into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = []
    for source in sorted(CORE.glob("*.c")):
        made.append(str(folder / f"{source.stem}.o"))
        flags = ["-std=c11", "-g", *COUNTERS, *AS_FUNCTIONS, *build.flags, f"-I{CORE}"]
        run_compiler(["gcc", *flags, "-c", str(source), "-o", made[-1]])
    return made


def link(folder: Path, build: Build, name: str, core: Iterable[str]) -> None:
    """Links one program with the counting core; the program itself is not counted."""
    made = []
    for source in PROGRAMS[name]:
        made.append(str(folder / f"{name}-{source.stem}.o"))
        flags = ["-std=gnu11", "-O1", *build.flags, f"-I{CORE}", f"-I{DRIVER}"]
        run_compiler(["gcc", *flags, "-c", str(source), "-o", made[-1]])
    command = ["gcc", "--coverage", "-pthread", *build.flags, *made, *core]
    run_compiler([*command, "-o", str(folder / name)])


def run_all(folder: Path, build: Build, tell: Callable[[str], None]) -> None:
    """Runs all drivers of one build. Raises RunError."""
    core = objects(folder, build)
    for name in PROGRAMS:
        link(folder, build, name, core)
    for name, *arguments in RUNS:
        start = time.monotonic()
        command = [str(folder / name), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise RunError(f"{build.name}: {' '.join(command)}:\n{done.stderr[-2000:]}")
        seconds = time.monotonic() - start
        tell(f"{build.name}: {' '.join((name, *arguments))} {seconds:.1f} s")


def measure(tell: Callable[[str], None], folder: Path = FOLDER) -> dict[str, Source]:
    """Runs all drivers of all builds; returns the counts of each file of the core.

    Raises BuildError, or RunError when a driver finds something wrong.
    """
    folders = {build: folder / str(number) for number, build in enumerate(BUILDS)}
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda build: run_all(folders[build], build, tell), BUILDS))
    return read(folders.values(), CORE)
