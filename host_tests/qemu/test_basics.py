"""MicroPython's own tests of the language pass on the firmware with the module in."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from galloc_mp.targets import TargetError
from galloc_mp.targets.registry import mpy_dir

BASICS = mpy_dir() / "tests" / "basics"
ANY_LINES = "########"  # in a kept output: any number of lines


def expected(script: Path) -> str | None:
    """What the test prints: as kept beside it, or as CPython prints; None for what this CPython
    cannot run, t-strings for example.
    """
    kept = script.with_name(f"{script.name}.exp")
    if kept.exists():
        return kept.read_text()
    command = [sys.executable, "-BS", "-W", "ignore", str(script)]
    done = subprocess.run(command, capture_output=True, cwd=BASICS, timeout=30)
    return done.stdout.decode().replace("\r", "") if done.returncode == 0 else None


def matches(got: str, want: str) -> bool:
    """Whether the output is the expected one, where lines may be regular expressions."""
    got = got.replace("\r", "")
    if ANY_LINES not in want:
        return got == want
    pattern = "".join("(.*\n)*" if x == ANY_LINES else f"{x}\n" for x in want.splitlines())
    return re.fullmatch(pattern, got) is not None


@pytest.mark.parametrize("target", ["MPS2_AN385"], indirect=True)
def test_basics(target):
    """Each in a fresh interpreter; one that says SKIP needs what this port leaves out."""
    target.exec("import galloc\ngalloc.alloc(100)")
    passed, failed = 0, []
    for script in sorted(BASICS.glob("*.py")):
        source = script.read_bytes()
        want = expected(script)
        # Since 1.28 some are cases for unittest, which is no part of the firmware.
        if want is None or b"import unittest" in source:
            continue
        if b"builtins.__import__ =" in source:
            # What brings SystemExit's value to the host imports, which this test takes over.
            source = source.replace(b"raise SystemExit", b"raise KeyError")
        target.reset()
        try:
            got = target.exec(source, timeout=60)
        except TargetError as error:
            got = error.stdout + error.traceback
        if matches(got, want):
            passed += 1
        elif not got.endswith("SKIP\n"):
            failed.append(script.stem)
    assert failed == []
    assert passed > 500
