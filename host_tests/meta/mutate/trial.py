"""Runs the drivers on mutants of the core until one of them fails."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ...core.build import CORE, DRIVER, ROOT, BuildError, run_compiler
from ..cover.measure import PROGRAMS
from .mutants import Mutant
from .switch import CHOICE, VARIABLE, can_switch, write_all

FOLDER = ROOT / "build" / "host_tests" / "meta" / "mutate"
# Processor seconds: an endless loop takes no longer, a busy machine makes no mutant look like one.
RUN_SECONDS = 5


@dataclass(frozen=True)
class Build:
    """One way to compile the core, and the runs that pass on the core as it is.

    flags: for the core alone. common: for the drivers, too.
    """

    name: str
    flags: tuple[str, ...]
    common: tuple[str, ...]
    runs: tuple[tuple[str, ...], ...]


SLOW = (
    "no_three_inverted_bits_go_unnoticed",
    "steps_find_what_one_call_finds",
    "search_finds_what_is_far_down_its_own_bin",
    "bins_are_those_of_the_configuration",
)
QUICK = ("unit", "all", *(f"-{name}" for name in SLOW))
FIRST = (("banks",), QUICK, ("closure", "8", "1"))
REST = (
    ("driver", "random", "1", "8", "500"),
    ("overwrite", "1", "2000"),
    ("unit", *SLOW),
)
MORE = (("driver", "random", "2", "16", "2000"), ("driver", "sweep", "430", "3"))

# What one build leaves out, another compiles: hot paths for speed or for size, either width, bit
# scans in C, the lower levels of hardening.
SMALL = ("-D__OPTIMIZE_SIZE__",)
BUILDS = (
    Build("speed", (), (), (*FIRST, *REST)),
    Build("small", (), SMALL, (*FIRST, *REST, ("inject", "1", "100"), *MORE)),
    Build("32 bits", (), ("-m32",), (*FIRST, *REST)),
    Build("32 bits, small", (), ("-m32", "-DGALLOC_HAVE_BIT_SCAN=0", *SMALL), (*FIRST, *REST)),
    Build("level 0", (), ("-DGALLOC_HARDENING=0",), (QUICK,)),
)

# Ends of a trial. A mutant with the machine code of the core is the core.
KILLED, TIMEOUT, SURVIVED, SAME, INVALID = "killed", "timeout", "survived", "same code", "invalid"


@dataclass(frozen=True)
class Outcome:
    """What came of a mutant, and which run noticed."""

    end: str
    by: str = ""


def limit() -> None:
    """Of a driver's process."""
    resource.setrlimit(resource.RLIMIT_CPU, (RUN_SECONDS, RUN_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def unity(core: Path) -> str:
    """All of the core as one source. galloc.c asks for another way to compile, so it is first."""
    names = sorted(path.name for path in core.glob("*.c"))
    return "".join(f'#include "{name}"\n' for name in names)


class Copy:
    """A copy of the core in a folder, to be changed, compiled and linked with the drivers."""

    def __init__(self, folder: Path, before: str = "") -> None:
        """before: C that the core's text follows."""
        self.folder = folder
        self.core = folder / "core"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(CORE, self.core)
        (self.core / "unity.c").write_text(before + unity(CORE))

    def code(self, build: Build) -> str:
        """Names the machine code that the core in the folder compiles to. Raises BuildError."""
        self.compile(build, "-S", self.folder / "core.s")
        return hashlib.sha256((self.folder / "core.s").read_bytes()).hexdigest()

    def compile(self, build: Build, what: str, target: Path) -> None:
        """Compiles the core in the folder. Raises BuildError."""
        flags = ["-std=gnu11", "-w", "-O1", "-fno-ident", *build.common, *build.flags]
        command = ["gcc", *flags, what, "unity.c", "-o", str(target)]
        done = subprocess.run(command, cwd=self.core, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise BuildError(done.stderr)

    def programs(self, build: Build, drivers: dict[str, list[str]]) -> dict[str, Path]:
        """Compiles the core and links each driver with it. Raises BuildError."""
        core = self.folder / "core.o"
        self.compile(build, "-c", core)
        made = {}
        for name, objects in drivers.items():
            made[name] = self.folder / f"{build.name.replace(' ', '-')}-{name}"
            run_compiler(
                ["gcc", *build.common, "-pthread", *objects, str(core), "-o", str(made[name])]
            )
        return made


class Bench:
    """The drivers, compiled once, and linked with a core that holds the mutants."""

    def __init__(self, mutants: Iterable[Mutant], folder: Path = FOLDER) -> None:
        """Raises BuildError; RuntimeError when a run fails on the core as it is."""
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        self.drivers = {build.name: self.compile_drivers(build) for build in BUILDS}
        as_it_is = Copy(folder / "as-it-is")
        self.codes = {build.name: as_it_is.code(build) for build in BUILDS}
        self.numbers = {
            mutant: number for number, mutant in enumerate(filter(can_switch, mutants), start=1)
        }
        switched = Copy(folder / "switched", CHOICE)
        write_all(switched.core, ((number, mutant) for mutant, number in self.numbers.items()))
        self.programs = {
            build.name: switched.programs(build, self.drivers[build.name]) for build in BUILDS
        }
        for build in BUILDS:
            outcome = self.run(build, self.programs[build.name], 0)
            if outcome.end != SURVIVED:
                raise RuntimeError(f"{outcome.by} fails on the core as it is")

    def compile_drivers(self, build: Build) -> dict[str, list[str]]:
        """The objects of the drivers for one build. They see the headers as they are."""
        made: dict[str, list[str]] = {}
        for name in sorted({run[0] for run in build.runs}):
            made[name] = []
            for source in map(Path, PROGRAMS[name]):
                target = self.folder / "drivers" / build.name / name / f"{source.stem}.o"
                target.parent.mkdir(parents=True, exist_ok=True)
                flags = ["-std=gnu11", "-O1", *build.common, f"-I{CORE}", f"-I{DRIVER}"]
                run_compiler(["gcc", *flags, "-c", str(source), "-o", str(target)])
                made[name].append(str(target))
        return made

    def run(self, build: Build, programs: dict[str, Path], number: int) -> Outcome:
        """The runs of one build on the mutant of a number, up to the first that fails."""
        for name, *arguments in build.runs:
            by = f"{build.name}: {' '.join((name, *arguments))}"
            try:
                done = subprocess.run(
                    [str(programs[name]), *arguments],
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=RUN_SECONDS * 20,
                    env={**os.environ, VARIABLE: str(number)},
                    preexec_fn=limit,
                )
            except subprocess.TimeoutExpired:
                return Outcome(TIMEOUT, by)
            if done.returncode in (-24, -9):  # the limit of processor time
                return Outcome(TIMEOUT, by)
            if done.returncode != 0 or (name == "inject" and injections_failed(done.stdout)):
                return Outcome(KILLED, by)
        return Outcome(SURVIVED)

    def attempt(self, mutant: Mutant, desk: str) -> Outcome:
        """What comes of a mutant. desk: names the folder that this caller alone works in."""
        if mutant in self.numbers:
            outcome = self.run_all(self.programs, self.numbers[mutant])
            if outcome.end != SURVIVED:
                return outcome
        copy = Copy(self.folder / desk)
        path = copy.core / mutant.file
        path.write_bytes(mutant.apply(path.read_bytes()))
        try:
            if all(copy.code(build) == self.codes[build.name] for build in BUILDS):
                return Outcome(SAME)
            if mutant in self.numbers:
                return Outcome(SURVIVED)
            programs = {b.name: copy.programs(b, self.drivers[b.name]) for b in BUILDS}
        except BuildError:
            return Outcome(INVALID)
        return self.run_all(programs, 0)

    def run_all(self, programs: dict[str, dict[str, Path]], number: int) -> Outcome:
        """The runs of all builds."""
        for build in BUILDS:
            outcome = self.run(build, programs[build.name], number)
            if outcome.end != SURVIVED:
                return outcome
        return Outcome(SURVIVED)


def injections_failed(said: str) -> bool:
    """Whether any kind of harm was missed, or crashed the core."""
    return any(line.split("\t")[-2:] != ["0", "0"] for line in said.splitlines())
