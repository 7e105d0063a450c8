"""One test for each fault that was found in the core, the smallest that shows it."""

from __future__ import annotations

import pytest

from .client import OK

STATIC = 40  # bytes of the control block that init settles


def link_of(block: int) -> bytes:
    """The link to the chunk with this payload offset, as it stands in the region."""
    return (block // 8 - 1).to_bytes(4, "little")


def holes(driver, *sizes: int) -> list[int]:
    """A heap with free chunks of these sizes, each between live blocks; their payload offsets."""
    driver.heap(8192)
    driver.alloc(44)
    made = []
    for size in sizes:
        made.append(driver.alloc(size))
        driver.alloc(44)
    for block in made:
        driver.free(block)
    return made


@pytest.mark.parametrize("stray", [1, 2, 3, 5, 14])
@pytest.mark.parametrize("size", [12, 404])
def test_link_into_the_control_block_is_not_followed(driver, size, stray):
    """A free chunk whose next link was overwritten by a small number."""
    (hole,) = holes(driver, size)
    driver.forget()
    driver.poke(hole, stray.to_bytes(4, "little"))
    before = driver.dump()[:STATIC]
    driver.try_alloc(size)
    driver.try_alloc(size)
    assert driver.dump()[:STATIC] == before


@pytest.mark.parametrize("other", [12, 604, 420])
@pytest.mark.parametrize("side", [0, 1])
def test_child_link_to_a_chunk_of_another_place_is_told(driver, side, other):
    """A leaf of a large bin gets a child that stands elsewhere."""
    leaf, stranger = holes(driver, 404, other)
    driver.forget()
    at = leaf + 8 + 4 * side
    sound = driver.dump()[at : at + 4]
    driver.poke(at, link_of(stranger))
    told = driver.check()[0] != OK
    assert told or sound == link_of(stranger), "the child link was changed unnoticed"


@pytest.mark.parametrize("word", range(4))
def test_link_to_the_end_of_the_region_is_not_followed(driver, word):
    """A node there would have its links behind the region."""
    (hole,) = holes(driver, 404)
    driver.forget()
    driver.poke(hole + 4 * word, link_of(driver.size - 8))
    for size in (404, 420, 404):
        driver.try_alloc(size)
        driver.check()


@pytest.mark.parametrize("size", [12, 404])
def test_previous_link_to_a_live_block_is_told(driver, size):
    """The payload of the live block happens to look like a free chunk that links here."""
    driver.heap(8192)
    live, hole, _ = driver.alloc(44), driver.alloc(size), driver.alloc(44)
    driver.free(hole)
    driver.forget()
    driver.poke(live, link_of(hole))
    driver.poke(hole + 4, link_of(live))
    assert driver.check()[0] != OK


@pytest.mark.parametrize("side", [0, 1])
def test_child_link_to_top_is_told(driver, side):
    """Top is a free chunk, but it stands in no bin."""
    (leaf,) = holes(driver, 404)
    top = max((c for c in driver.peek().walk if not c.live), key=lambda c: c.size)
    driver.forget()
    driver.poke(leaf + 8 + 4 * side, link_of(top.offset))
    assert driver.check()[0] != OK


def test_space_that_a_move_reaches_over_is_no_peak(driver):
    """A block that grows into a large hole before it spans all of that until it has moved."""
    driver.heap(65536)
    driver.alloc(44)
    block = driver.alloc(44)
    made = driver.realloc(block, 100)
    assert made.block < block, "the block was to grow backward"
    stats = driver.state().stats
    assert stats.peak_used <= stats.used + 48
