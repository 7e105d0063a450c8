"""The bound on the time of an operation, in basic blocks of the core: counted, so it repeats."""

from __future__ import annotations

import subprocess

import pytest

from . import build

# Most basic blocks of one call, whatever the number of holes. Over-aligned requests run with
# bounded_search.
LIMITS = {"alloc": 260, "aligned": 340, "free": 180, "resize": 160, "owns": 20}
HOLES = (10, 100, 1000, 2000)
PATTERNS = ("same", "rising", "falling", "random", "lucky")


@pytest.fixture(scope="module")
def costs() -> dict[tuple[str, int], dict[str, int]]:
    """The most steps of each kind of call by pattern and number of holes."""
    done = subprocess.run(
        [str(build.build(build.COST))], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found = {}
    for line in done.stdout.splitlines():
        pattern, holes, *rest = line.split()
        found[pattern, int(holes)] = dict(zip(rest[::2], map(int, rest[1::2]), strict=True))
    return found


def test_all_patterns_were_met(costs):
    assert set(costs) == {(pattern, holes) for pattern in PATTERNS for holes in HOLES}
    assert all(set(row) == set(LIMITS) for row in costs.values())


@pytest.mark.parametrize("kind", LIMITS)
def test_bound(costs, kind):
    for (pattern, holes), row in costs.items():
        assert 0 < row[kind] <= LIMITS[kind], f"{kind} with {holes} holes of pattern {pattern}"


@pytest.mark.parametrize("pattern", ["same", "lucky"])
@pytest.mark.parametrize("kind", LIMITS)
def test_holes_of_one_size_cost_the_same_however_many(costs, pattern, kind):
    """All in one bin: an unsorted list that is searched would show here."""
    few = costs[pattern, HOLES[0]][kind]
    many = costs[pattern, HOLES[-1]][kind]
    assert many <= few + 10, f"{few} steps with {HOLES[0]} holes, {many} with {HOLES[-1]}"
