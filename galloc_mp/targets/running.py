"""Runs one script on one target, as `make run` does."""

import subprocess
import sys
from pathlib import Path

from galloc_mp.targets.base import TargetError, TargetTimeout
from galloc_mp.targets.opening import open_target
from galloc_mp.targets.process import die_with_parent
from galloc_mp.targets.registry import find_spec
from galloc_mp.targets.unix import UnixTarget

RAISED, TIMED_OUT = 1, 2


def run_script(name: str, script: Path, timeout: float, *, build: bool = False) -> int:
    """The script's output goes to stdout as it comes, its traceback to stderr.

    timeout: seconds. Returns 0, 1 when the script raised (or could not be run at all), 2 on a
    time-out.
    """
    try:
        source = script.read_bytes()
    except OSError as error:
        return _fail(f"{script}: {error.strerror}", RAISED)
    try:
        find_spec(name)
        target = open_target(name, build=build)
    except (ValueError, TargetError) as error:
        return _fail(str(error), RAISED)
    with target:
        if isinstance(target, UnixTarget):
            return _run_process(target, script, timeout)
        try:
            target.stream(source, _write, timeout)
        except TargetTimeout as error:
            return _fail(str(error), TIMED_OUT)
        except TargetError as error:
            return _fail(error.traceback.rstrip() or str(error), RAISED)
    return 0


def _run_process(target: UnixTarget, script: Path, timeout: float) -> int:
    """On unix the script gets a process of its own, with stdin, stdout and stderr as they are."""
    command = [str(target.spec.image), str(script)]
    try:
        status = subprocess.run(
            command,
            timeout=timeout,
            env=target.environment(target.spec),
            preexec_fn=die_with_parent(),
        ).returncode
    except subprocess.TimeoutExpired:
        return _fail(f"{target.name}: no end after {timeout:g} s", TIMED_OUT)
    if status < 0:
        return _fail(f"{target.name}: the interpreter was killed by signal {-status}", RAISED)
    return RAISED if status else 0


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _fail(message: str, status: int) -> int:
    sys.stdout.flush()
    print(message, file=sys.stderr)
    return status
