"""Measures all allocators side by side and returns one dictionary of figures."""

import math
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from . import build, callgrind, measure, peers, worst
from .build import Binary, BuildError
from .callgrind import MeasureError, TooSlow
from .measure import driver

LARGE = ("R256", "X256", "S160")
FILLED = ("X64", "X64n", "F64", "F64n", "X256")
REGIONS = (4096, 16384, 65536, 262144)
OURS = "galloc"  # the build that users get; all ratios are to it
# What it is with less hardening (galloc_config.h), by name.
LEVELS = {OURS: 2, "galloc, level 1": 1, "galloc, level 0": 0}
ALL_PEERS = "all peers"  # among the reasons why a crate is not there
SLOW = 2.0  # seconds: an allocator that takes longer is timed in one round only

Tick = Callable[[str], None]


@dataclass(frozen=True)
class Subject:
    """An allocator in the tables. `large` serves regions above 2 MiB."""

    name: str
    version: str
    small: Binary
    large: Binary

    def binary(self, what: str) -> Binary:
        return self.large if what in LARGE else self.small


@dataclass(frozen=True)
class Plan:
    """How much is measured. Limits are seconds for one run."""

    inputs: tuple[str, ...]
    fits: tuple[str, ...]
    limit: float
    rounds: int  # of paired timing
    trials: int  # of the original's two graphs, each of all allocators
    seconds: float  # of each of these
    chunk_seconds: float  # of simple-chunk-allocator's benchmark
    worst_of_all: bool


FULL = Plan(
    inputs=(*measure.WORKLOADS, "lua", "tls", "sqlite"),
    fits=("lua", "tls", "sqlite"),
    limit=60,
    rounds=5,
    trials=5,
    seconds=1,
    chunk_seconds=10,
    worst_of_all=True,
)
QUICK = Plan(
    inputs=("R64", "X64", "F64", "lua", "sqlite"),
    fits=("lua", "sqlite"),
    limit=10,
    rounds=1,
    trials=1,
    seconds=0.4,
    chunk_seconds=0.5,
    worst_of_all=False,
)


def subjects(tell: Tick = lambda _: None) -> tuple[list[Subject], dict[str, str]]:
    """All allocators that build, ours first, and why the others do not, by crate.

    tell: what is done at the moment. Raises BuildError when ours does not build.
    """
    tell("building galloc")
    found = []
    for name, level in LEVELS.items():
        binary = build.hardened(level)
        found.append(Subject(name, f"GALLOC_HARDENING {level}", binary, binary))
    reasons: dict[str, str] = {}
    try:
        binaries, reasons = peers.binaries(tell)
    except BuildError as error:
        reasons = {ALL_PEERS: str(error)}
        binaries = []
    by_name = {b.name: b for b in binaries}
    versions = peers.versions()
    for peer in peers.PEERS:
        if peer.name in by_name:
            large = by_name[peer.large or peer.name]
            name = peer.name.replace("_4x2", " <4,2>")
            found.append(Subject(name, versions[peer.crate], by_name[peer.name], large))
    try:
        binary, version = build.freertos()
        found.append(Subject("FreeRTOS heap_4", version, binary, binary))
    except BuildError as error:
        reasons["FreeRTOS heap_4"] = str(error)
    libc = build.glibc()
    found.append(Subject("glibc malloc", platform.libc_ver()[1], libc, libc))
    return found, reasons


def machine() -> dict[str, str]:
    """What the figures depend on."""
    rustc = shutil.which("rustc")
    version = "none"
    if rustc:
        version = subprocess.run(
            [rustc, "--version"], capture_output=True, text=True
        ).stdout.strip()
    return {"cc": build.compiler(), "flags": " ".join(build.CFLAGS), "rustc": version}


def _maybe(subject: Subject, task: Callable[[], object]):
    """None when the run was cut short, or when a peer failed, which is printed."""
    try:
        return task()
    except TooSlow:
        return None
    except MeasureError as error:
        if subject.name in LEVELS:
            raise
        print(f"bench: {error}", file=sys.stderr)
        return None


def _instructions(subject: Subject, name: str, what: str, plan: Plan) -> dict | None:
    binary = subject.binary(name)
    profile = _maybe(subject, lambda: callgrind.profile(binary, what, timeout=plan.limit))
    if profile is None:
        return None
    figures = {"all": profile.per_operation, "facts": profile.facts}
    for kind, count in profile.operations.items():
        if count:
            figures[kind] = profile.per_kind(kind)
    return figures


def instructions(found: list[Subject], plan: Plan, tick: Tick) -> dict:
    """By subject and input: instructions an operation, over all and by kind; None: cut short."""
    known = measure.inputs()
    jobs = [(s, n) for n in plan.inputs for s in found]

    def job(subject: Subject, name: str):
        row = _instructions(subject, name, known[name], plan)
        tick(f"{name}: {subject.name}")
        return row

    rows = measure.in_parallel([lambda s=s, n=n: job(s, n) for s, n in jobs])
    table: dict[str, dict] = {s.name: {} for s in found}
    for (subject, name), row in zip(jobs, rows, strict=True):
        table[subject.name][name] = row
    return table


def fits(found: list[Subject], plan: Plan, tick: Tick) -> dict:
    """By subject and trace: peak, smallest region, region from which all serve; bytes."""
    paths = measure.traces()
    # Hardening does not change the layout.
    jobs = [
        (s, n) for s in found for n in plan.fits if not s.small.libc and LEVELS.get(s.name, 2) == 2
    ]

    def job(subject: Subject, name: str):
        path = str(paths[name])
        row = _maybe(subject, lambda: driver(subject.small, "fit", path, timeout=3 * plan.limit))
        tick(f"smallest region for {name}: {subject.name}")
        return row[0] if row else None

    rows = measure.in_parallel([lambda s=s, n=n: job(s, n) for s, n in jobs])
    table: dict[str, dict] = {s.name: {} for s in found}
    for (subject, name), row in zip(jobs, rows, strict=True):
        table[subject.name][name] = row
    return table


def worst_cases(found: list[Subject], counted: dict, plan: Plan, tick: Tick) -> dict:
    """By subject: the highest counts over all states, and by number of holes; None: cut short."""
    measured = [s for s in found if not s.small.libc and (plan.worst_of_all or s.name == OURS)]
    # The slowest peer takes two minutes on a machine that does nothing else. It starts first, so
    # that the others run beside it.
    limit = 5 * plan.limit
    costs = {s.name: (counted[s.name].get("R64") or {"all": math.inf})["all"] for s in measured}
    measured.sort(key=lambda s: -costs[s.name])

    def job(subject: Subject):
        rows = _maybe(subject, lambda: worst.measure(subject.large, timeout=limit))
        tick(f"worst case: {subject.name}")
        return rows and {"highest": worst.summary(rows), "holes": worst.by_holes(rows)}

    rows = measure.in_parallel([lambda s=s: job(s) for s in measured])
    table = {s.name: row for s, row in zip(measured, rows, strict=True)}
    return {s.name: table[s.name] for s in found if s.name in table}


def nanoseconds(found: list[Subject], counted: dict, plan: Plan, tick: Tick) -> dict:
    """By subject and input: nanoseconds an operation and their ratio to ours in the same round.

    Both are medians over the rounds. The driver's own time is in both. What callgrind had to cut
    short is left out.
    """
    known = measure.inputs()
    table: dict[str, dict] = {s.name: {} for s in found}
    for name in plan.inputs:
        able = [s for s in found if counted[s.name].get(name)]
        rounds = []
        for _ in range(plan.rounds):
            start = time.monotonic()
            run = {}
            for subject in list(able):
                binary = subject.binary(name)
                run[subject.name] = driver(binary, "time", known[name])[0]["ns"]
                if subject.name != OURS and time.monotonic() - start > SLOW:
                    able.remove(subject)  # one round is enough to tell
                start = time.monotonic()
            rounds.append(run)
        tick(f"time: {name}")
        for subject in found:
            mine = [(r[subject.name], r[OURS]) for r in rounds if subject.name in r]
            if mine:
                ratio = statistics.median(a / b for a, b in mine)
                ns = statistics.median(a for a, _ in mine)
                table[subject.name][name] = {"ns": ns, "ratio": ratio}
    return table


def _per_cent(ours: list[int], other: list[int]) -> float:
    """The original's measure: our score ÷ the other's, the mean over the ten points of time."""
    return 100 * statistics.mean(a / b for a, b in zip(ours, other, strict=True) if b)


def originals(found: list[Subject], plan: Plan, tick: Tick) -> dict:
    """By subject, for each of both graphs `scores`: medians of the trials at each tenth of the
    time, and `percent`: ours ÷ its, one a trial; and rows of the chunk benchmark.
    """
    milliseconds, long = (f"{1000 * s:.0f}" for s in (plan.seconds, plan.chunk_seconds))
    table: dict[str, dict] = {s.name: {} for s in found}
    for name in ("random_actions", "heap_exhaustion"):
        runs: dict[str, list] = {s.name: [] for s in found}
        for trial in range(plan.trials):  # in turns, so that a busy minute hits all of them
            for subject in found:
                report = driver(subject.large, "original", name, milliseconds)[0]
                runs[subject.name].append(report["scores"])
            tick(f"{name}, {trial + 1}")
        for subject, trials in runs.items():
            table[subject][name] = {
                "scores": [statistics.median(column) for column in zip(*trials, strict=True)],
                "percent": [_per_cent(*pair) for pair in zip(runs[OURS], trials, strict=True)],
            }
    for subject in found:
        table[subject.name]["chunk"] = driver(subject.large, "original", "chunk", long)
        tick(f"simple-chunk-allocator's benchmark: {subject.name}")
    return table


def steps(count: int, plan: Plan, times: bool) -> int:
    """How many ticks a run will make, about. times: only what depends on the clock."""
    clock = len(plan.inputs) + 2 * plan.trials + count
    return clock if times else clock + count * (len(plan.inputs) + len(plan.fits) + 1)


def timed(found: list[Subject], counted: dict, plan: Plan, tick: Tick) -> dict:
    """What depends on the clock, and so on what else the machine does."""
    return {
        "nanoseconds": nanoseconds(found, counted, plan, tick),
        "original": originals(found, plan, tick),
    }


def everything(plan: Plan, found: list[Subject], reasons: dict[str, str], tick: Tick) -> dict:
    """All figures, ready for JSON. Raises MeasureError."""
    counted = instructions(found, plan, tick)
    control = {
        s.name: {str(r): driver(s.small, "control", str(r))[0]["control"] for r in REGIONS}
        for s in found
        if not s.small.libc
    }
    return {
        "machine": machine(),
        "versions": {s.name: s.version for s in found},
        "missing": reasons,
        "inputs": list(plan.inputs),
        "seconds": plan.seconds,
        "instructions": counted,
        "control": control,
        "fits": fits(found, plan, tick),
        "worst": worst_cases(found, counted, plan, tick),
        **timed(found, counted, plan, tick),
    }
