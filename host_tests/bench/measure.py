"""Everything that is measured of one allocator, in parallel where counts allow it."""

import json
import os
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from . import callgrind
from .build import Binary, traces
from .callgrind import MeasureError, Profile, TooSlow

JOBS = 2
WORKLOADS = ("R64", "R64n", "X64", "X64n", "F64", "F64n", "R256", "X256", "S160")


def driver(
    binary: Binary,
    *arguments: str,
    timeout: float = 600,
    settings: dict[str, str] | None = None,
) -> list[dict]:
    """Runs a driver, with more environment variables, and returns its lines of JSON.

    Raises MeasureError, and its child TooSlow.
    """
    try:
        done = subprocess.run(
            [str(binary.path), *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=os.environ | (settings or {}),
        )
    except subprocess.TimeoutExpired as late:
        raise TooSlow(f"{binary.name} {' '.join(arguments)}: over {timeout:.0f} s") from late
    if done.returncode:
        message = done.stderr.strip() or f"ended with {done.returncode}"
        raise MeasureError(f"{binary.name} {' '.join(arguments)}: {message[-500:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def in_parallel(tasks: Iterable[Callable[[], object]], tick: Callable[[], None] = lambda: None):
    """Results of the tasks in their order; `tick` is called as each one ends."""

    def run(task):
        try:
            return task()
        finally:
            tick()

    with ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(run, tasks))


def inputs() -> dict[str, str]:
    """The argument of a driver by name, for workloads and traces."""
    named = {name: name for name in WORKLOADS}
    return named | {name: str(path) for name, path in traces().items()}


def profiles(binaries: list[Binary], names: list[str], seed: int = 1, tick=lambda: None):
    """Profile by (binary's name, input's name)."""
    known = inputs()
    jobs = [(b, n) for b in binaries for n in names]
    found: list[Profile] = in_parallel(
        [lambda b=b, n=n: callgrind.profile(b, known[n], seed) for b, n in jobs], tick
    )
    return {(b.name, n): p for (b, n), p in zip(jobs, found, strict=True)}


def fits(binary: Binary, tick=lambda: None) -> dict[str, dict]:
    """For each trace `peak`, `smallest`, `sure` in bytes."""
    paths = traces()
    rows = in_parallel(
        [lambda p=p: driver(binary, "fit", str(p))[0] for p in paths.values()], tick
    )
    return dict(zip(paths, rows, strict=True))
