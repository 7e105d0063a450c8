"""bounded_search: what an over-aligned request gives up for its bound, and no more."""

from __future__ import annotations

import pytest

from .client import Driver
from .model import hole_holds, payload_for


def lucky_hole(driver: Driver, bounded: int, align: int, size: int) -> int:
    """A heap whose only hole holds `size` bytes at `align` by luck of its address alone."""
    driver.heap(16384, config=(0, 0, bounded), modulus=16384)
    block = driver.alloc(size, align)
    while driver.try_alloc(0).block is not None:
        pass
    driver.free(block)
    holes = [c for c in driver.state().walk if not c.live]
    assert len(holes) == 1
    assert hole_holds(driver.address + holes[0].offset, holes[0].size, payload_for(size), align)
    assert holes[0].size < payload_for(size) + align
    return block


@pytest.mark.parametrize("size", [100, 300, 1000])
@pytest.mark.parametrize("align", [512, 1024, 4096])
def test_unbounded_search_finds_every_hole(driver, size, align):
    block = lucky_hole(driver, 0, align, size)
    assert driver.alloc(size, align) == block


@pytest.mark.parametrize("size", [100, 300, 1000])
@pytest.mark.parametrize("align", [512, 1024, 4096])
def test_bounded_search_finds_it_or_refuses(driver, size, align):
    block = lucky_hole(driver, 1, align, size)
    before = driver.state()
    made = driver.try_alloc(size, align)
    assert made.block in (block, None)
    if made.block is None:
        assert driver.state().walk == before.walk


@pytest.mark.parametrize("align", [16, 32, 64, 512, 2048])
def test_bounded_search_finds_room_for_the_worst_padding(driver, align):
    driver.heap(32768, config=(0, 0, 1), modulus=32768)
    guard, hole = driver.alloc(40), driver.alloc(300 + align + 16)
    while driver.try_alloc(0).block is not None:
        pass
    driver.free(hole)
    driver.alloc(300, align)
    driver.free(guard)
    driver.state()


def test_bounded_search_changes_nothing_at_default_alignment(driver):
    shapes = []
    for bounded in (0, 1):
        driver.heap(16384, config=(0, 0, bounded))
        blocks = [driver.alloc(20 + 11 * i) for i in range(30)]
        for block in blocks[::2]:
            driver.free(block)
        made = [driver.try_alloc(size).block for size in (300, 20, 100, 339, 310, 5)]
        shapes.append((made, driver.state().walk))
    assert shapes[0] == shapes[1]


def test_what_the_bound_can_cost(driver):
    """Many holes that serve by luck only: counts how many blocks each search gets out of them."""
    got = []
    for bounded in (0, 1):
        driver.heap(65536, config=(0, 0, bounded), modulus=65536)
        blocks = []
        while (made := driver.try_alloc(400, 512)).block is not None:
            blocks.append(made.block)
        while driver.try_alloc(0).block is not None:
            pass
        for block in blocks:
            driver.free(block)
        count = 0
        while driver.try_alloc(400, 512).block is not None:
            count += 1
        got.append((count, len(blocks)))
        driver.state()
    assert got[0][0] == got[0][1], "the search of all free chunks missed a hole"
    assert got[1][0] <= got[1][1]
