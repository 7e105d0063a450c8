"""One test for each fault that was found in the core, the smallest that shows it."""

from __future__ import annotations

import pytest

from .client import OK
from .layout import packed

SETTLED = slice(8, 60)  # of the control block: init writes it, nothing changes it


def index_of(driver, hole: int, size: int, block: int) -> bytes:
    """What a link to the chunk with this payload offset looks like.

    hole, size: a free chunk; its boundary tag is its own index. Indices count words.
    """
    own = int.from_bytes(driver.dump()[hole + size - 4 : hole + size], "little")
    return (own + (block - hole) // 4).to_bytes(4, "little")


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
@pytest.mark.parametrize("word", [0, 1])
@pytest.mark.parametrize("size", [12, 404])
def test_link_into_the_bins_is_not_followed(driver, size, word, stray):
    """A free chunk whose link was overwritten by a small number."""
    (hole,) = holes(driver, size)
    driver.forget()
    sound = driver.dump()[hole + 4 * word]
    driver.poke(hole + 4 * word, stray.to_bytes(4, "little"))
    assert driver.check()[0] != OK or stray == sound
    before = driver.dump()[SETTLED]
    driver.try_alloc(size)
    driver.try_alloc(size)
    assert driver.dump()[SETTLED] == before


@pytest.mark.parametrize("word", range(4))
def test_link_to_the_end_of_the_region_is_not_followed(driver, word):
    """A free chunk there would have its links behind the region."""
    (hole,) = holes(driver, 404)
    driver.forget()
    driver.poke(hole + 4 * word, index_of(driver, hole, 404, driver.size - 8))
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
    driver.poke(live + 4, index_of(driver, hole, size, hole))
    driver.poke(hole, index_of(driver, hole, size, live))
    assert driver.check()[0] != OK


@pytest.mark.parametrize("other", [12, 604, 420])
def test_next_link_to_a_chunk_of_another_list_is_told(driver, other):
    """The last chunk of a list gets a follower that is in another one."""
    last, stranger = holes(driver, 404, other)
    driver.forget()
    driver.poke(last + 4, index_of(driver, last, 404, stranger))
    assert driver.check()[0] != OK


def test_overflow_that_inverts_the_state_of_the_chunk_before_is_refused(driver):
    """The four bits for "the chunk before is free" are in the first byte of a header."""
    _, block, behind, _ = packed(driver, 44, 100, 100, 44)
    value = driver.header(behind)[0]
    driver.poke(block + 100, bytes([value ^ 0x78]))
    before = driver.dump()
    assert driver.free_fault(behind) != OK
    assert driver.dump() == before
    driver.poke(block + 100, bytes([value]))
    driver.free(behind)
    driver.state()


def test_space_that_a_move_reaches_over_is_no_peak(driver):
    """A block that grows into a large hole before it spans all of that until it has moved."""
    driver.heap(65536)
    driver.alloc(44)
    block = driver.alloc(44)
    made = driver.realloc(block, 100)
    assert made.block < block, "the block was to grow backward"
    stats = driver.state().stats
    assert stats.peak_used <= stats.used + 48
