"""Heaps laid out by hand, wherever the core itself would place a block.

A block that takes the only free chunk whole lies where that chunk lies; resized in place, it
leaves one free chunk behind itself. So a row of blocks can be laid without knowing the core's
choice of hole or of its end.
"""

from __future__ import annotations

from .client import Driver


def row(driver: Driver, *sizes: int) -> list[int]:
    """A new heap that holds blocks of these usable sizes side by side and then one free chunk."""
    driver.heap(8192, modulus=8192)
    return extend(driver, *sizes)


def extend(driver: Driver, *sizes: int) -> list[int]:
    """Lays blocks of these usable sizes into the only free chunk; returns their offsets."""
    blocks = []
    for size in sizes:
        block = fill_rest(driver)
        assert driver.resize(block, size)
        assert driver.usable(block) == size
        blocks.append(block)
    walk = driver.state().walk
    assert [c.offset for c in walk if c.live][-len(blocks) :] == blocks
    return blocks


def fill_rest(driver: Driver) -> int:
    """Takes the largest free chunk as one block."""
    return driver.alloc(driver.peek().stats.largest)


def packed(driver: Driver, *sizes: int) -> list[int]:
    """Blocks of these usable sizes side by side and nothing free behind them."""
    blocks = row(driver, *sizes)
    fill_rest(driver)
    return blocks


def one_hole(driver: Driver, size: int) -> int:
    """A new heap whose only free chunk has `size` usable bytes; returns its offset."""
    _, hole, _ = packed(driver, 100, size, 100)
    driver.free(hole)
    return hole


def around(driver: Driver, align: int, gap: int, room: int) -> tuple[int, int]:
    """The only hole of a heap starts `gap` bytes before a multiple of `align`.

    Behind that multiple it has `room` usable bytes. Returns the offsets of hole and multiple.
    """
    start = driver.heap(8192, modulus=8192).walk[0].offset
    guard = (-gap - (driver.address + start) - 4) % align  # ends where the hole's header begins
    if guard < 12:
        guard += align
    _, hole, _ = extend(driver, guard, gap + room, 12)
    fill_rest(driver)
    assert (driver.address + hole + gap) % align == 0
    driver.free(hole)
    return hole, hole + gap
