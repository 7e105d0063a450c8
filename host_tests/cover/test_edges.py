"""The corners of the core under AddressSanitizer and UBSan; `make cover` counts them, too."""

from __future__ import annotations

import subprocess

import pytest

from ..core.build import Variant, build
from .measure import PROGRAMS

SOURCES = tuple(str(path) for path in PROGRAMS["edges"])
VARIANTS = (
    Variant("edges", program=SOURCES),
    Variant("edges-32", bits=32, flags=("-DGALLOC_HAVE_BIT_SCAN=0",), program=SOURCES),
)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_edges(variant):
    """Each answer at a corner is the right one; the program names the first that is not."""
    done = subprocess.run([str(build(variant))], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-4000:]
