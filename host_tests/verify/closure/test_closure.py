"""Small closures; `make verify WHAT=closure` visits larger ones."""

from __future__ import annotations

import pytest

from .explore import CLOSURES, explore


@pytest.mark.parametrize("name", CLOSURES)
@pytest.mark.parametrize(("size", "moved"), [(96, False), (120, False), (112, True)])
def test_all_states(name, size, moved):
    """Each state passes galloc_check and answers each request as the model does."""
    counts = explore(name, size, moved=moved)
    assert counts["bytes"] == size
    # A region of n units with blocks of 2 units and more has at least a Fibonacci number of them.
    assert counts["states"] > 2 ** (size // 8 - 4)
    assert counts["frees"] > counts["states"]
    assert counts["reallocs"] > counts["resizes"] > 0
    assert counts["steps"] > counts["searched"] > 0
