"""Builds the core with counters, runs the tests' drivers on it."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..core.build import CORE, DRIVER, ROOT, SERVE, run_compiler
from .report import Source, read

HERE = Path(__file__).resolve().parent
FOLDER = ROOT / "build" / "host_tests" / "cover"

# Parts of their callers would count once a caller; as functions each line counts once.
AS_FUNCTIONS = ("-O0", "-D__OPTIMIZE_SIZE__")


def beside(folder: str, *names: str) -> tuple[Path, ...]:
    """Source files of another kind of test."""
    return tuple(HERE.parent / folder / name for name in names)


PROGRAMS = {
    "driver": tuple(DRIVER / name for name in SERVE),
    "inject": (*beside("fault", "inject.c", "kinds.c", "subject.c"), DRIVER / "harness.c"),
    "closure": (*beside("closure", "closure.c", "state.c", "store.c"), DRIVER / "harness.c"),
    "edges": (HERE / "edges.c",),
    "banks": (DRIVER / "banks_calls.c", DRIVER / "harness.c"),
    "choices": (HERE / "choices.c", DRIVER / "harness.c"),
}
RUNS = (
    ("edges",),
    ("choices",),
    ("banks",),
    ("driver", "random", "1", "32", "2000"),
    ("driver", "sweep", "900", "3"),
    ("driver", "damage", "1", "20000"),
    ("inject", "1", "2000"),
    ("closure", "14", "1"),
)


class RunError(Exception):
    """A driver ended badly; the text is what it said."""


def objects(folder: Path) -> list[str]:
    """Compiles the core with counters into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = []
    for source in sorted(CORE.glob("*.c")):
        made.append(str(folder / f"{source.stem}.o"))
        flags = [
            "-std=c11",
            "-g",
            "--coverage",
            "-fprofile-update=atomic",
            *AS_FUNCTIONS,
            f"-I{CORE}",
        ]
        run_compiler(["gcc", *flags, "-c", str(source), "-o", made[-1]])
    return made


def link(folder: Path, name: str, core: Iterable[str]) -> None:
    """Links one program with the counting core; the program itself is not counted."""
    sources = [str(path) for path in PROGRAMS[name]]
    includes = [f"-I{CORE}", f"-I{DRIVER}"]
    made = [str(folder / f"{name}-{Path(source).stem}.o") for source in sources]
    for source, target in zip(sources, made, strict=True):
        flags = ["-std=gnu11", "-O1", "-D__OPTIMIZE_SIZE__", *includes]
        run_compiler(["gcc", *flags, "-c", source, "-o", target])
    run_compiler(["gcc", "--coverage", "-pthread", *made, *core, "-o", str(folder / name)])


def measure(tell: Callable[[str], None], folder: Path = FOLDER) -> dict[str, Source]:
    """Runs all drivers; returns the counts of each file of the core.

    Raises BuildError, or RunError when a driver finds something wrong.
    """
    core = objects(folder)
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda name: link(folder, name, core), PROGRAMS))
    for name, *arguments in RUNS:
        tell(" ".join((name, *arguments)))
        start = time.monotonic()
        command = [str(folder / name), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise RunError(f"{' '.join(command)}:\n{done.stderr[-2000:]}")
        tell(f"    {time.monotonic() - start:.1f} s")
    return read(folder, CORE)
