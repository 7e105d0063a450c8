"""Sizes of regions and of control data."""

from __future__ import annotations

import subprocess

import pytest

CONFIGS = (None, (0, 0, 1), (1, 2, 0), (4, 2, 0), (20, 8, 0), (32, 8, 0), (64, 16, 0), (1, 16, 0))


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("size", [6000, 65536, 65537, 300001])
def test_overhead_is_exact_to_sixteen(driver, config, size):
    said = driver.overhead(size, config)
    for offset in range(16):
        driver.map(size, offset)
        assert driver.init(config)
        first = driver.peek().walk[0].offset
        assert abs(first - said) <= 16, f"said {said}, the first block is at {first}"


@pytest.mark.parametrize("config", CONFIGS)
def test_overhead_tells_the_smallest_region(driver, config):
    said = driver.overhead(400, config)
    driver.map(said + 16 + 16 + 23)
    assert driver.init(config)
    driver.alloc(0)
    driver.state()


@pytest.mark.parametrize("config", CONFIGS[:3])
def test_smallest_region_serves_one_block(driver, config):
    for offset in range(8):
        refused, serves = 0, 6000
        while refused + 1 < serves:
            size = (refused + serves) // 2
            driver.map(size, offset)
            refused, serves = (refused, size) if driver.init(config) else (size, serves)
        driver.map(serves, offset)
        assert driver.init(config)
        driver.alloc(0)
        assert driver.try_alloc(0).block is None
        driver.state()


@pytest.mark.parametrize("size", [1 << 20, (1 << 22) + 13])
def test_large_regions(driver, size):
    state = driver.heap(size)
    block = driver.alloc(state.stats.largest - 5000)
    driver.alloc(100, 4096)
    driver.state()
    driver.free(block)
    block = driver.alloc(1 << 19)
    assert driver.resize(block, 1 << 10)
    driver.realloc(block, 1 << 19)
    driver.state()


def test_every_small_region(program):
    """Regions of 0 to 4 KiB at each offset 0 to 15: init, fill, free, check, attach."""
    done = subprocess.run(
        [str(program), "sweep", "4096", "7"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "sweep:" in done.stdout
