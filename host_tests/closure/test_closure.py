"""Small closures; `make closure` visits larger ones."""

from __future__ import annotations

import pytest

from .explore import explore


@pytest.mark.parametrize(("size", "with_realloc"), [(96, True), (112, True), (136, True)])
def test_all_states(size, with_realloc):
    """Each state passes galloc_check and answers each request as the model does."""
    counts = explore(size, with_realloc)
    assert counts["bytes"] == size
    # A region of n units with blocks of 2 units and more has at least a Fibonacci number of them.
    assert counts["states"] > 2 ** (size // 8 - 4)
    assert counts["frees"] > counts["states"]
    assert counts["reallocs"] > counts["resizes"] > 0
