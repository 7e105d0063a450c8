"""Making a heap: on which memory, in which configurations; and memory that holds none."""

from __future__ import annotations

import pytest

from .client import GEOMETRY, OK
from .model import Model

CONFIGS = (None, (1, 2, 0), (32, 8, 0), (64, 16, 0), (4, 2, 0), (20, 3, 1), (1, 16, 0))


# ---- no heap ----


def test_null_heap_and_null_region(driver):
    driver.ask("null")


def test_memory_that_holds_no_heap(driver):
    driver.map(4096)
    assert not driver.initialized()
    assert not driver.attach()
    driver.load(bytes(4096))
    assert not driver.initialized()
    assert not driver.attach()


@pytest.mark.parametrize("fill", [0x00, 0xFF])
def test_use_of_memory_that_holds_no_heap(driver, variant, fill):
    driver.map(4096)
    driver.load(bytes([fill]) * 4096)
    driver.ask("cast")
    assert driver.check()[0] == GEOMETRY
    assert driver.try_alloc(8).block is None
    assert driver.free_fault(2048) != OK
    assert not driver.owns(2048)
    assert driver.usable(2048) == 0
    assert driver.realloc(2048, 8).block is None


# ---- making a heap ----


@pytest.mark.parametrize("size", [0, 1, 7, 8, 15, 16, 31])
def test_region_too_small(driver, size):
    driver.map(size)
    assert not driver.init()
    assert not driver.init((1, 2, 0))


@pytest.mark.parametrize("config", CONFIGS)
def test_new_heap_is_one_free_chunk(driver, config):
    state = driver.heap(8192, config=config)
    assert len(state.walk) == 1
    assert not state.walk[0].live
    assert state.stats.used == 0
    assert state.stats.peak_used == 0
    assert state.stats.allocs == state.stats.frees == state.stats.failures == 0
    assert driver.initialized()


@pytest.mark.parametrize("config", [(0, 1, 0), (20, 1, 0), (1, 1, 1)])
def test_one_sub_bin_is_refused(driver, config):
    driver.map(65536)
    assert not driver.init(config)
    assert driver.overhead(65536, config) == 0


@pytest.mark.parametrize("config", [(65535, 65535, 0), (64, 65535, 0), (65535, 2, 1)])
@pytest.mark.parametrize("size", [64, 300, 2048, 65536])
def test_configuration_without_measure(driver, config, size):
    """Refused, or cut down to what the region can hold; never a heap that does not hold."""
    driver.map(size)
    if driver.init(config):
        driver.alloc(0)
        driver.alloc(0, 16) if size > 2048 else driver.try_alloc(0, 16)
        driver.state()


def test_zero_in_a_configuration_means_the_default(driver):
    plain = driver.heap(8192)
    assert driver.heap(8192, config=(0, 0, 0)) == plain


def test_init_overwrites_a_heap(driver):
    driver.heap()
    driver.alloc(100)
    assert driver.init((4, 2, 0))
    (chunk,) = driver.state().walk
    assert (chunk.size, chunk.live) == (driver.peek().stats.free, False)
    assert driver.peek().stats.allocs == 0


@pytest.mark.parametrize("offset", range(16))
def test_heap_at_any_offset(driver, offset):
    state = driver.heap(2000, offset, config=(2, 2, 0))
    model = Model(driver.address, driver.size, state)
    assert state.stats.total >= 2000 - 23
    block = driver.alloc(64, 64)
    assert (driver.address + block) % 64 == 0
    driver.free(block)
    assert driver.state().walk == model.state.walk
