"""The scenarios on both processors; the interrupts at some of the instructions only."""

from __future__ import annotations

import pytest

from ...core.build import BuildError
from .__main__ import forgotten_lock
from .board import PROCESSORS, Board
from .scenarios import SCENARIOS, Scenario
from .stage import Stage

STRIDE = 5


@pytest.fixture(scope="module", params=PROCESSORS)
def board(request) -> Board:
    """A processor with the locked core."""
    try:
        return Board(request.param)
    except BuildError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_interrupted_and_cut(board, scenario):
    """The heap is sound after each interrupt; after each cut it is refused or sound."""
    points = Stage(board, scenario).play(STRIDE)
    assert points.interrupted > 0
    assert points.masked > 30


def test_masked_time_does_not_grow_with_the_block(board):
    """As many instructions are masked in a row for 8 KiB as for 1 KiB, moved or cleared."""
    for operation in ("realloc b {}", "zeroed x {}"):
        steps = ("alloc a 100", "alloc b 1000", "alloc wall 20")
        rows = [
            Stage(board, Scenario(f"{size} bytes", steps, operation.format(size), size=20480))
            for size in (1100, 8192)
        ]
        small, large = (stage.interrupted(stride=1 << 20)[2] for stage in rows)
        # The search for a size's highest bit takes a few steps more or less on a Cortex-M0+.
        assert large <= small + 20, (operation, small, large)


@pytest.mark.parametrize("processor", PROCESSORS)
def test_forgotten_lock_shows(processor):
    """Without the lock the same interrupts break the heap: the test can fail."""
    assert forgotten_lock(processor) is not None
