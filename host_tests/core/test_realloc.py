"""Every way that realloc and resize can go. The driver compares the payload each time."""

from __future__ import annotations

import pytest

from .client import HUGE
from .layout import packed, row


def test_null_block_is_alloc(driver):
    driver.heap()
    made = driver.realloc(None, 100, 64)
    assert (driver.address + made.block) % 64 == 0
    assert driver.state().stats.allocs == 1


@pytest.mark.parametrize("size", [95, 97, 99, 100])
def test_slack(driver, size):
    _, block, _ = packed(driver, 44, 100, 44)
    before = driver.state()
    assert driver.realloc(block, size).block == block
    assert driver.state().walk == before.walk
    assert driver.resize(block, size)
    assert driver.state().walk == before.walk


@pytest.mark.parametrize("size", [0, 1, 12, 40, 84])
def test_shrink(driver, size):
    _, block, _ = packed(driver, 44, 100, 44)
    assert driver.realloc(block, size).block == block
    rest = driver.state()
    assert driver.usable(block) < 100
    assert rest.stats.free == 100 - driver.usable(block) - 4


@pytest.mark.parametrize("size", [85, 88, 92])
def test_shrink_by_less_than_a_chunk(driver, size):
    _, block, _ = packed(driver, 44, 100, 44)
    assert driver.realloc(block, size).block == block
    assert driver.usable(block) == 100


def test_shrink_gives_the_rest_to_the_hole_behind(driver):
    _, block, behind, _ = packed(driver, 44, 100, 60, 44)
    driver.free(behind)
    assert driver.realloc(block, 92).block == block  # 8 bytes are enough for a hole to grow
    walk = driver.state().walk
    assert (block, 92, True) in walk
    assert (block + 96, 68, False) in walk


def test_size_zero_shrinks_to_the_minimal_block(driver):
    _, block, _ = packed(driver, 44, 100, 44)
    assert driver.realloc(block, 0).block == block
    assert driver.usable(block) == 12
    assert driver.resize(block, 0)
    driver.free(block)
    assert driver.state().stats.free == 100


def test_forward_into_part_of_the_next_chunk(driver):
    _, block, behind, _ = packed(driver, 44, 100, 204, 44)
    driver.free(behind)
    assert driver.realloc(block, 200).block == block
    walk = driver.state().walk
    assert (block, 204, True) in walk
    assert (block + 208, 100, False) in walk


@pytest.mark.parametrize("size", [293, 300, 308])
def test_forward_absorbs_the_whole_next_chunk(driver, size):
    _, block, behind, _ = packed(driver, 44, 100, 204, 44)
    driver.free(behind)
    assert driver.realloc(block, size).block == block
    assert driver.usable(block) == 308
    assert driver.state().stats.free == 0


@pytest.mark.parametrize("size", [304, 360, 400, 404])
def test_backward_with_overlapping_move(driver, size):
    _, before, block, _ = packed(driver, 44, 100, 300, 44)
    driver.free(before)
    made = driver.realloc(block, size)
    assert made.block == before  # the old payload and the new one overlap
    state = driver.state()
    assert state.stats.free == (404 - made.usable - 4 if made.usable < 404 else 0)
    assert state.stats.blocks == 4


def test_backward_and_forward(driver):
    _, before, block, behind, _ = packed(driver, 44, 100, 60, 100, 44)
    driver.free(before)
    driver.free(behind)
    made = driver.realloc(block, 265)
    assert made.block == before
    assert made.usable == 268
    assert driver.state().stats.free == 0


def test_move(driver):
    first, block, _ = packed(driver, 300, 100, 44)
    driver.free(first)
    block_behind = driver.realloc(block, 200)
    assert block_behind.block is not None
    driver.state()


def test_move_to_a_distant_hole(driver):
    hole, _, block, _ = packed(driver, 300, 44, 100, 44)
    driver.free(hole)
    made = driver.realloc(block, 200)
    assert hole <= made.block < hole + 300
    state = driver.state()
    assert not any(c.live and c.offset == block for c in state.walk)
    assert driver.free_fault(block) != 0


@pytest.mark.parametrize("size", [101, 309, 1 << 20, 0xFFFFFFFF, HUGE])
def test_failure_leaves_the_block_whole(driver, size):
    _, block, _ = packed(driver, 44, 100, 44)
    before = driver.state()
    assert driver.realloc(block, size).block is None
    after = driver.state()
    assert after.walk == before.walk
    assert after.stats.failures == before.stats.failures + 1
    assert not driver.resize(block, size)
    assert driver.state() == after


def test_alignment_kept_by_moving(driver):
    driver.heap(16384)
    blocks = [driver.alloc(100) for _ in range(8)]
    block = next(b for b in blocks if (driver.address + b) % 64)
    made = driver.realloc(block, 100, 64)
    assert (driver.address + made.block) % 64 == 0
    made = driver.realloc(made.block, 50, 1024)
    assert (driver.address + made.block) % 1024 == 0
    made = driver.realloc(made.block, 500)
    assert (driver.address + made.block) % 8 == 0
    driver.state()


def test_alignment_already_there_stays_in_place(driver):
    driver.heap(16384)
    block = driver.alloc(100, 256)
    for align in (0, 8, 16, 32, 64, 128, 256):
        assert driver.realloc(block, 100, align).block == block


def test_alignment_not_to_be_had(driver):
    _, block, _ = packed(driver, 44, 100, 44)
    align = 8
    while (driver.address + block) % align == 0:
        align *= 2
    before = driver.state()
    assert driver.realloc(block, 100, align).block is None
    assert driver.state().walk == before.walk


def test_grow_zeroed(driver):
    """A zeroed block grown in place or by a move: what was 0 stays 0, neighbours keep theirs."""
    for behind_free in (True, False):
        _, block, neighbour, _ = row(driver, 44, 100, 100, 44)
        if behind_free:
            driver.free(neighbour)
        made = driver.regrow(block, 100, 180)
        assert (made.block == block) == behind_free
        driver.state()


@pytest.mark.parametrize("size", [0, 50, 92, 100, 101, 200, 204, 205, 300, 308])
def test_resize_never_moves(driver, size):
    _, block, behind, _ = packed(driver, 44, 100, 204, 44)
    driver.free(behind)
    assert driver.resize(block, size)
    assert driver.usable(block) >= size
    state = driver.state()
    assert state.stats.used + state.stats.free + 4 * len(state.walk) == sum(
        c.size + 4 for c in state.walk
    )
    assert not driver.resize(block, 309)
    driver.state()


def test_resize_does_not_grow_backward(driver):
    before, block, _ = packed(driver, 300, 100, 44)
    driver.free(before)
    assert not driver.resize(block, 101)
    driver.state()
