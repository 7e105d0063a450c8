"""A short campaign; `make verify WHAT=fault` is the long one."""

from __future__ import annotations

from .campaign import run

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
