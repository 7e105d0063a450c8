"""The unit tests of unit/*.c, one by one.

`make verify WHAT=cover` counts what of the core they reach.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from ..conftest import program_of
from .build import Variant, build, build_all

FOLDER = Path(__file__).resolve().parent / "unit"
SOURCES = tuple(sorted(FOLDER.glob("*.c")))
# TEST(name), TEST_64(name), TEST_LEVEL(level, name).
PATTERN = r"^TEST(_64)?(?:_LEVEL)?\((?:(\d), )?(\w+)\)"
PROGRAM = (*map(str, SOURCES), "harness.c")
SMALL = {"optimise": "-Os", "sanitizers": ()}
# Bit scans in C, as on cores that have no instruction for them.
SCANS = ("-DGALLOC_HAVE_BIT_SCAN=0",)
VARIANTS = (
    Variant("unit64", optimise="-O2", program=PROGRAM),
    Variant("unit32", bits=32, optimise="-O2", program=PROGRAM),
    Variant("unit64-Os", **SMALL, program=PROGRAM),
    Variant("unit32-Os", **SMALL, bits=32, flags=SCANS, program=PROGRAM),
)
LEVELS = tuple(
    Variant(f"{name}-level{level}", flags=(f"-DGALLOC_HARDENING={level}",), level=level, **made)
    for level in (1, 0)
    for name, made in (
        ("unit64", {"optimise": "-O2", "program": PROGRAM}),
        ("unit32-Os", {**SMALL, "bits": 32, "program": PROGRAM}),
    )
)


def names(variant: Variant) -> list[str]:
    """The tests that a program has, in the order of the files."""
    found = []
    for path in SOURCES:
        for kind, level, name in re.findall(PATTERN, path.read_text(), re.M):
            if (variant.bits == 64 or not kind) and variant.level >= int(level or 0):
                found.append(name)
    return found


CASES = [
    pytest.param(variant, name, id=f"{name}-{variant.name}")
    for variant in VARIANTS
    for name in names(variant)
]


@pytest.fixture(scope="session")
def unit_programs() -> dict:
    """The program of each variant."""
    return build_all(VARIANTS + LEVELS)


@pytest.mark.parametrize(("variant", "name"), CASES)
def test_unit(unit_programs, variant, name, seed):
    """A test ends well; else the program names the condition that did not hold."""
    done = subprocess.run(
        [str(program_of(unit_programs, variant)), name],
        capture_output=True,
        text=True,
        env={**os.environ, "GALLOC_SEED": str(seed)},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.parametrize("variant", LEVELS, ids=str)
def test_unit_level(unit_programs, variant, seed):
    """All tests of a lower level of hardening; the program names the one that fails."""
    test_unit(unit_programs, variant, "all", seed)


@pytest.mark.parametrize("variant", VARIANTS + LEVELS, ids=str)
def test_no_unit_test_is_left_out(variant):
    """The program's own list is the one that is made from the text of its sources."""
    done = subprocess.run([str(build(variant))], capture_output=True, text=True, timeout=60)
    listed = done.stdout.split()
    assert sorted(listed) == sorted(names(variant))
    assert len(set(listed)) == len(listed) > 50
