"""Fitting blocks, giving them back: one small picture a test."""

from __future__ import annotations

import random

import pytest

from .client import CORRUPT, FOREIGN, GEOMETRY, HUGE, MISALIGNED, NOT_ALLOCATED, NULL, OK, Driver
from .layout import around, fill_rest, one_hole, packed
from .model import MIN_CHUNK, Model, payload_for


def shape(driver: Driver) -> list[tuple[int, bool]]:
    """Size and liveness of each chunk, the heap being sound."""
    return [(chunk.size, chunk.live) for chunk in driver.state().walk]


# ---- fitting ----


def test_too_large(driver):
    state = driver.heap()
    for size in (state.stats.largest + 1, driver.size, 1 << 20, 0xFFFFFFF0, 0xFFFFFFFF, HUGE):
        for align in (0, 8, 64, 4096):
            assert driver.try_alloc(size, align).block is None
    after = driver.state()
    assert after.walk == state.walk
    assert after.stats.failures == 24


def test_perfect_fit_of_the_whole_heap(driver):
    state = driver.heap()
    block = driver.alloc(state.stats.largest)
    assert shape(driver) == [(state.stats.largest, True)]
    assert driver.peek().stats.largest == 0
    assert driver.try_alloc(0).block is None
    driver.free(block)
    assert driver.state().walk == state.walk


@pytest.mark.parametrize("size", [12, 20, 100, 164, 204, 500, 996])
def test_perfect_fit_of_a_hole(driver, size):
    hole = one_hole(driver, size)
    assert driver.try_alloc(size + 1).block is None
    assert driver.alloc(size) == hole
    assert driver.usable(hole) == size


@pytest.mark.parametrize("size", [12, 100, 204, 996])
def test_end_padding_absorbed(driver, size):
    hole = one_hole(driver, size + 8)
    assert driver.alloc(size) == hole
    assert driver.usable(hole) == size + 8  # 8 bytes make no chunk


@pytest.mark.parametrize("size", [12, 100, 204, 996])
@pytest.mark.parametrize("rest", [16, 24, 400])
def test_end_padding_split(driver, size, rest):
    hole = one_hole(driver, size + rest)
    block = driver.alloc(size)
    assert hole <= block < hole + size + rest
    assert driver.usable(block) == size
    assert driver.state().stats.free == rest - 4


def test_size_zero_gives_distinct_minimal_blocks(driver):
    driver.heap()
    blocks = {driver.alloc(0) for _ in range(8)}
    assert len(blocks) == 8
    assert {driver.usable(block) for block in blocks} == {payload_for(0)}


@pytest.mark.parametrize("align", [0, 1, 2, 4, 8])
def test_small_alignments_mean_eight(driver, align):
    driver.heap()
    assert (driver.address + driver.alloc(5, align)) % 8 == 0


@pytest.mark.parametrize("align", [3, 5, 6, 7, 9, 12, 24, 48, 100, 1000, (1 << 31) + 1, HUGE])
def test_alignment_that_is_no_power_of_two(driver, align):
    state = driver.heap()
    assert driver.try_alloc(16, align).block is None
    block = driver.alloc(16)
    before = driver.state()
    assert driver.realloc(block, 32, align).block is None
    assert driver.state().walk == before.walk
    assert driver.peek().stats.failures == 2
    driver.free(block)
    assert driver.state().walk == state.walk


@pytest.mark.parametrize("align", [1 << 12, 1 << 20, 1 << 31, 1 << 63])
def test_alignment_beyond_the_region(driver, align):
    driver.heap(3000, 2000, modulus=8192)  # holds one multiple of 4096, none of 8192
    made = driver.try_alloc(16, align)
    if align == 1 << 12:
        assert made.block == 4096 - 2000, "an alignment may be larger than the region"
    assert made.block is None or (driver.address + made.block) % align == 0
    driver.state()


@pytest.mark.parametrize("align", [32, 64, 256, 1024])
@pytest.mark.parametrize("gap", [0, 16, 24])
def test_aligned_block_without_end_padding(driver, align, gap):
    hole, place = around(driver, align, gap, 100)
    assert driver.try_alloc(101, align).block is None
    assert driver.alloc(100, align) == place
    walk = driver.state().walk
    assert (hole, gap - 4, False) in walk or gap == 0
    assert (place, 100, True) in walk


@pytest.mark.parametrize("align", [32, 64, 256, 1024])
@pytest.mark.parametrize("gap", [0, 16, 24])
def test_aligned_block_with_end_padding_split(driver, align, gap):
    _, place = around(driver, align, gap, 132)
    block = driver.alloc(100, align)
    walk = driver.state().walk
    assert (driver.address + block) % align == 0
    if align > 32:
        assert block == place
        assert (place, 100, True) in walk
        assert (place + 104, 28, False) in walk


@pytest.mark.parametrize("align", [32, 64, 256, 1024])
@pytest.mark.parametrize("gap", [0, 16, 24])
def test_aligned_block_with_end_padding_absorbed(driver, align, gap):
    _, place = around(driver, align, gap, 108)
    assert driver.alloc(100, align) == place
    assert driver.usable(place) == 108


@pytest.mark.parametrize("align", [32, 64, 256])
def test_gap_too_small_for_a_chunk(driver, align):
    hole, place = around(driver, align, 8, align + 100)
    block = driver.alloc(100, align)  # 8 bytes make no chunk, so the next multiple serves
    assert block == place + align
    assert (hole, align + 4, False) in driver.state().walk


@pytest.mark.parametrize("align", [32, 64, 256])
def test_gap_too_small_for_a_chunk_and_no_room_behind(driver, align):
    around(driver, align, 8, align + 92)
    assert driver.try_alloc(100, align).block is None
    driver.state()


# ---- zeroed ----


@pytest.mark.parametrize("size", [0, 1, 12, 13, 100, 1000])
def test_zeroed_after_use(driver, size):
    driver.heap()
    fill_rest(driver)
    driver.forget()
    driver.init()
    block = driver.alloc(size, 32, zeroed=True)
    assert (driver.address + block) % 32 == 0
    driver.state()


# ---- giving back ----


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("behind", [True, False])
def test_coalescing(driver, before, behind):
    one, two, three, _ = packed(driver, 100, 204, 300, 100)
    if before:
        driver.free(one)
    if behind:
        driver.free(three)
    driver.free(two)
    start = one if before else two
    end = three + 300 if behind else two + 204
    assert [c for c in driver.state().walk if not c.live] == [(start, end - start, False)]


def test_free_of_the_first_and_of_the_last_block(driver):
    state = driver.heap()
    first = driver.alloc(100)
    last = fill_rest(driver)
    driver.free(first)
    assert driver.state().stats.free_chunks == 1
    driver.free(last)
    assert driver.state().walk == state.walk


@pytest.mark.parametrize("order", ["forward", "backward", "odd first", "random"])
@pytest.mark.parametrize("size", [0, 40, 200])
def test_many_frees(driver, order, size):
    state = driver.heap(6000, config=(8, 4, 0))
    blocks = []
    while (made := driver.try_alloc(size)).block is not None:
        blocks.append(made.block)
    assert len(blocks) >= state.stats.free // (size + MIN_CHUNK + 4)
    model = Model(driver.address, driver.size, driver.state())
    ordered = {
        "forward": sorted(blocks),
        "backward": sorted(blocks, reverse=True),
        "odd first": sorted(blocks)[1::2] + sorted(blocks)[::2],
        "random": random.Random(7).sample(blocks, len(blocks)),
    }[order]
    for block in ordered:
        driver.free(block)
        model.free(block, driver.state())
    assert model.state.walk == state.walk


def test_every_fault_has_a_name_of_its_own(driver):
    faults = (OK, NULL, FOREIGN, MISALIGNED, NOT_ALLOCATED, CORRUPT, GEOMETRY)
    names = [" ".join(driver.ask(f"name {fault}")) for fault in faults]
    assert all(names)
    assert len(set(names)) == len(faults)
    assert driver.ask("name 99")
    assert driver.ask("name -1")


def test_stats_follow_the_operations(driver):
    driver.heap()
    one = driver.alloc(100)
    two = driver.alloc(200)
    driver.free(one)
    stats = driver.state().stats
    assert (stats.allocs, stats.frees, stats.blocks) == (2, 1, 1)
    assert stats.used == driver.usable(two)
    assert stats.peak_used == driver.usable(two) + 100
    driver.free(two)
    assert driver.state().stats.peak_used == stats.peak_used
