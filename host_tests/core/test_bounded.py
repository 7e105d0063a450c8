"""bounded_search: what a request gives up for its bound, and no more."""

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
    guard, hole = driver.alloc(40), driver.alloc(2 * (300 + align + 16))
    while driver.try_alloc(0).block is not None:
        pass
    driver.free(hole)
    driver.alloc(300, align)
    driver.free(guard)
    driver.state()


def crowd(driver: Driver, bounded: int, size: int, count: int) -> list[int]:
    """A heap with `count` holes of `size` bytes, nothing else free, and the last of them larger.

    The larger one was freed first, so it is the last of its list. Returns the holes.
    """
    driver.heap(65536, config=(0, 0, bounded))
    larger = driver.alloc(size + 16)
    driver.alloc(0)
    blocks = []
    for _ in range(count):
        blocks.append(driver.alloc(size))
        driver.alloc(0)
    while (rest := driver.peek().stats.largest) >= 12:
        driver.alloc(rest)
    for block in [larger, *blocks]:
        driver.free(block)
    return [larger, *blocks]


@pytest.mark.parametrize("count", [1, 10, 60])
@pytest.mark.parametrize("size", [404, 604])
def test_default_alignment(driver, size, count):
    """Exact without the bound; with it the request may miss what is far down its own list."""
    for bounded in (0, 1):
        larger = crowd(driver, bounded, size, count)[0]
        made = driver.try_alloc(size + 16).block
        assert made == larger or (bounded and count > 8 and made is None)
        driver.state()


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
    assert 0 < got[1][0] <= got[1][1]
