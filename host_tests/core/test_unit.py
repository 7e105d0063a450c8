"""The unit tests of unit/*.c, one by one; `make cover` counts what of the core they reach."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from .build import Variant, build, build_all
from .conftest import program_of

FOLDER = Path(__file__).resolve().parent / "unit"
SOURCES = tuple(sorted(FOLDER.glob("*.c")))
PROGRAM = (*map(str, SOURCES), "harness.c")
VARIANTS = (
    Variant("unit64", program=PROGRAM),
    Variant("unit32", bits=32, program=PROGRAM),
    Variant("unit64-Os", optimise="-Os", sanitizers=(), program=PROGRAM),
    # Bit scans in C, as on cores that have no instruction for them.
    Variant(
        "unit32-Os",
        bits=32,
        optimise="-Os",
        sanitizers=(),
        flags=("-DGALLOC_HAVE_BIT_SCAN=0",),
        program=PROGRAM,
    ),
)


def names(bits: int) -> list[str]:
    """The tests that a program of so many bits has, in the order of the files."""
    pattern = r"^TEST(?:_64)?\((\w+)\)" if bits == 64 else r"^TEST\((\w+)\)"
    return [name for path in SOURCES for name in re.findall(pattern, path.read_text(), re.M)]


CASES = [
    pytest.param(variant, name, id=f"{name}-{variant.name}")
    for variant in VARIANTS
    for name in names(variant.bits)
]


@pytest.fixture(scope="session")
def unit_programs() -> dict:
    """The program of each variant."""
    return build_all(VARIANTS)


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


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_no_unit_test_is_left_out(variant):
    """The program's own list is the one that is made from the text of its sources."""
    done = subprocess.run([str(build(variant))], capture_output=True, text=True, timeout=60)
    listed = done.stdout.split()
    assert sorted(listed) == sorted(names(variant.bits))
    assert len(set(listed)) == len(listed) > 50
