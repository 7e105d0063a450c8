"""The scenarios on both processors; the interrupts at some of the instructions only."""

from __future__ import annotations

import pytest

from ..core.build import BuildError
from .__main__ import forgotten_lock
from .board import PROCESSORS, Board
from .scenarios import SCENARIOS
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
    assert points.masked > 50


@pytest.mark.parametrize("processor", PROCESSORS)
def test_forgotten_lock_shows(processor):
    """Without the lock the same interrupts break the heap: the test can fail."""
    assert forgotten_lock(processor) is not None
