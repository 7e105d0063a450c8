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
