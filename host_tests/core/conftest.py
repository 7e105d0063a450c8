"""Drivers for the tests: one program for each way to build the core."""

from __future__ import annotations

import pytest

from ..conftest import program_of
from . import build
from .client import Driver


@pytest.fixture(scope="session")
def programs() -> dict:
    """All drivers, built side by side once."""
    return build.build_all(build.VARIANTS)


@pytest.fixture(scope="session", params=build.VARIANTS, ids=str)
def variant(request) -> build.Variant:
    """Each way to build the core."""
    return request.param


@pytest.fixture(scope="session")
def program(programs, variant):
    """The driver's executable for the variant."""
    return program_of(programs, variant)


@pytest.fixture(scope="module")
def running(program):
    """A running driver, shared by the tests of a module; a new one follows one that died."""
    box = [Driver(program)]
    yield box
    if box[0].alive:
        box[0].close()


@pytest.fixture
def driver(running) -> Driver:
    """A running driver without a heap."""
    if not running[0].alive:
        running[0] = Driver(running[0].program)
    return running[0]
