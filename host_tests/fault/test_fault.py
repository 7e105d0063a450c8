"""A short campaign; `make verify WHAT=fault` is the long one."""

from __future__ import annotations

import subprocess

import pytest

from ..conftest import program_of
from ..core.build import build_all
from .campaign import OVERWRITE, run

KINDS = 14
CONFIGURATIONS = 3
COUNT = 2000


def test_every_fault_is_detected(seed):
    """2,000 injections of each kind in each configuration: none missed, none crashed."""
    rows, said = run(seed, COUNT)
    assert len(rows) == KINDS * CONFIGURATIONS
    assert all(row.injected == COUNT for row in rows)
    wrong = [row for row in rows if row.missed or row.crashed]
    assert not wrong, f"{wrong}\n{said[-4000:]}"


@pytest.fixture(scope="session")
def overwriters() -> dict:
    """The program of each build."""
    return build_all(OVERWRITE)


@pytest.mark.parametrize("variant", OVERWRITE, ids=str)
def test_use_of_an_overwritten_heap_stays_inside_the_region(overwriters, variant, seed):
    """5,000 heaps with bytes overwritten at random: the core comes back and harms nobody else."""
    done = subprocess.run(
        [str(program_of(overwriters, variant)), str(seed), "5000"],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    assert "5000 cases" in done.stdout
