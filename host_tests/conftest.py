"""What all tests share: the targets, one session each for the whole run, and a seed that a failure
shows.
"""

import os
import random
from pathlib import Path

import pytest

from galloc_mp.targets import TargetError, known_targets, open_target

from .core.build import BuildError, Variant

# The targets whose images `make test` builds.
TARGETS = (
    "unix",
    "unix-natmod",
    "unix32",
    "MPS2_AN385",
    "MPS2_AN385-natmod",
    "ESP32_SIM-natmod",
    "ESP8266_SIM-natmod",
)
SEED = 20240607


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of our own."""
    parser.addoption(
        "--targets",
        default=",".join(TARGETS),
        help="targets of the tests that run in MicroPython, by commas (default: %(default)s)",
    )
    parser.addoption(
        "--seed",
        type=int,
        default=int(os.environ.get("GALLOC_SEED", SEED)),
        help="seed of the random tests (default: %(default)s)",
    )


def pytest_report_header(config: pytest.Config) -> str:
    """The seed is at the top of each run."""
    return f"seed: {config.getoption('--seed')}; targets: {config.getoption('--targets')}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `target` runs once on each, unless it names targets of its own."""
    own = any("target" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "target" in metafunc.fixturenames and not own:
        names = metafunc.config.getoption("--targets").split(",")
        unknown = set(names) - set(known_targets())
        if unknown:
            raise pytest.UsageError(f"unknown targets: {', '.join(unknown)}")
        metafunc.parametrize("target", names, indirect=True)


@pytest.fixture(scope="session")
def target_sessions():
    """Targets that are open, by name; closed at the end of the run."""
    sessions = {}
    yield sessions
    for session in sessions.values():
        session.close()


@pytest.fixture
def target(request: pytest.FixtureRequest, target_sessions):
    """An open target after a soft reset. Its session is kept from test to test."""
    name = request.param
    try:
        if name not in target_sessions:
            target_sessions[name] = open_target(name)
        else:
            target_sessions[name].reset()
    except TargetError as error:
        pytest.fail(str(error))
    yield target_sessions[name]
    target_sessions[name].pause()


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The run's seed; a failing test shows it."""
    value = request.config.getoption("--seed")
    request.node.user_properties.append(("seed", value))
    print(f"seed: {value}")
    return value


def program_of(programs: dict[str, Path | BuildError], variant: Variant) -> Path:
    """The executable of a variant, of those that build_all returns; skips where its compiler is
    missing, fails where it refuses.
    """
    made = programs[variant.name]
    if isinstance(made, BuildError):
        if "is not installed" in str(made):
            pytest.skip(f"{made}: apt-get install {variant.compiler}")
        pytest.fail(f"{variant.name} does not build:\n{made}", pytrace=False)
    return made


@pytest.fixture
def rng(seed: int) -> random.Random:
    """A generator of random numbers, the same in each run."""
    return random.Random(seed)
