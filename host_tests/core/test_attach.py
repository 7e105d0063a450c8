"""A heap is bytes: it can be re-opened, moved, dumped and opened by a build of the other width."""

from __future__ import annotations

import pytest

from ..conftest import program_of
from . import build
from .client import OK, Driver, State

PAIRS = [("", 32), ("", 64), ("-small", 32), ("-small", 64)]


def lived_in(driver: Driver, size: int = 5000, offset: int = 0, config=None) -> list[int]:
    """A heap with some history; returns its live blocks."""
    driver.heap(size, offset, config)
    blocks = [driver.alloc(10 + 37 * i % 300, 8 << i % 5) for i in range(14)]
    for block in blocks[::3]:
        driver.free(block)
    live = [block for block in blocks if block not in blocks[::3]]
    made = driver.realloc(live[0], 333)
    return [made.block, *live[1:]]


def contents(data: bytes, state: State) -> list[bytes]:
    """The payloads of the live blocks in a dump."""
    return [data[c.offset : c.end] for c in state.walk if c.live]


def use_up(driver: Driver) -> None:
    """Works on a re-opened heap until it is full, then empties it."""
    blocks = [c.offset for c in driver.state().walk if c.live]
    while (made := driver.try_alloc(20, 16)).block is not None:
        blocks.append(made.block)
    driver.state()
    for block in blocks:
        driver.free(block)
    state = driver.state()
    assert len(state.walk) == 1
    assert state.stats.blocks == 0


def test_attach_in_place(driver):
    lived_in(driver)
    before = driver.state()
    assert driver.initialized()
    assert driver.attach()
    assert driver.state() == before
    use_up(driver)


@pytest.mark.parametrize("offset", [0, 3, 8])
def test_attach_at_another_address(driver, offset):
    lived_in(driver, offset=offset)
    before, data = driver.state(), driver.dump()
    payloads = contents(data, before)
    for elsewhere in (offset + 8, offset + 64, offset + 1000):
        driver.map(5000, elsewhere, 4096, slot=1)
        driver.load(data)
        assert driver.initialized()
        assert driver.attach()
        assert driver.state() == before
        assert contents(driver.dump(), before) == payloads
    use_up(driver)


def test_attach_at_an_address_that_differs_modulo_eight(driver):
    lived_in(driver)
    data = driver.dump()
    for offset in range(1, 8):
        driver.map(5000, offset)
        driver.load(data)
        assert not driver.attach()


@pytest.mark.parametrize("change", [-1000, -8, -1, 1, 7, 8, 16, 1000])
def test_attach_with_another_size(driver, change):
    lived_in(driver)
    data = driver.dump() + bytes(1000)
    driver.map(5000 + change)
    driver.load(data[: 5000 + change])
    assert not driver.attach()


def test_attach_refuses_what_check_refuses(driver):
    """Any byte outside the payloads: attach opens only a heap that passes check."""
    lived_in(driver)
    sound, walk = driver.dump(), driver.state().walk
    driver.forget()
    payload = {at for c in walk if c.live for at in range(c.offset, c.end)}
    opened = 0
    for where in range(walk[-1].end):
        if where in payload:
            continue
        for flipped in (0x01, 0x80, 0xFF):
            driver.poke(where, bytes([sound[where] ^ flipped]))
            if driver.attach():
                opened += 1
                assert driver.check()[0] == OK
        driver.poke(where, sound[where : where + 1])
    assert driver.attach()
    driver.state()


def test_corrupt_control_byte_is_refused_or_harmless(driver):
    lived_in(driver, 4000, config=(4, 2, 0))
    sound, first = driver.dump(), driver.state().walk[0].offset
    driver.forget()
    for where in range(first - 4):
        driver.load(sound)
        driver.poke(where, bytes([sound[where] ^ 0x5A]))
        if not driver.attach():
            continue
        for size in (0, 50, 700):
            made = driver.try_alloc(size, 32)
            if made.block is not None:
                driver.free(made.block)
        assert driver.check()[0] == OK
        driver.forget()


@pytest.fixture(scope="module", params=PAIRS, ids=str)
def pair(request, programs):
    """Two drivers of one configuration: of this width and of the other."""
    suffix, bits = request.param
    names = [f"gcc{width}{suffix}" for width in (bits, 96 - bits)]
    drivers = [Driver(program_of(programs, build.BY_NAME[name])) for name in names]
    yield drivers
    for driver in drivers:
        if driver.alive:
            driver.close()


@pytest.mark.parametrize("config", [None, (32, 8, 0), (1, 2, 1), (64, 16, 0)])
@pytest.mark.parametrize("offset", [0, 5])
def test_dump_opens_in_the_other_width(pair, config, offset):
    here, there = pair
    lived_in(here, 9000, offset, config)
    before, data = here.state(), here.dump()
    there.map(9000, offset + 8, 4096)
    there.load(data)
    assert there.attach()
    assert there.state() == before
    assert contents(there.dump(), before) == contents(data, before)
    for block in [c.offset for c in before.walk if c.live][::2]:
        there.free(block)
    there.alloc(100, 64)
    changed, data = there.state(), there.dump()
    here.load(data)
    here.forget()
    assert here.attach()
    assert here.state() == changed
    use_up(here)


@pytest.mark.parametrize("offset", [0, 5])
def test_both_widths_do_the_same(pair, offset):
    """The same requests give the same places, so a board's heap can be replayed on a PC."""
    states = []
    for driver in pair:
        driver.map(9000, offset, 4096)
        driver.load(bytes(9000))
        driver.init()
        blocks = [driver.alloc(7 * i % 200, 8 << i % 6) for i in range(30)]
        for block in blocks[::2]:
            driver.free(block)
        made = [driver.try_alloc(100, 32).block, driver.realloc(blocks[1], 300, 64).block]
        states.append((blocks, made, driver.state()))
    assert states[0] == states[1]
