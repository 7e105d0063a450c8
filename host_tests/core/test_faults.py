"""Misuse is reported by name, and nothing changes."""

from __future__ import annotations

import random

import pytest

from .client import CORRUPT, FOREIGN, MISALIGNED, NOT_ALLOCATED, NULL, OK, Driver
from .layout import packed


def refuses(driver: Driver, block: int | None, *faults: int) -> None:
    """`block` is no live block: each function says so, and the heap stays as it is."""
    before = driver.peek()
    bytes_before = driver.dump()
    name = "-" if block is None else block
    assert not driver.owns(name)
    assert driver.usable(name) == 0
    fault = driver.free_fault(block)
    assert fault in faults, f"free of {block} gave fault {fault}, expected one of {faults}"
    if block is not None:
        assert not driver.resize(block, 8)
        assert driver.dump() == bytes_before
        assert driver.realloc(block, 8).block is None
    after = driver.peek()
    assert after.walk == before.walk
    assert after.stats._replace(failures=0) == before.stats._replace(failures=0)


def test_null_block(driver):
    driver.heap()
    refuses(driver, None, NULL)
    driver.state()


@pytest.mark.parametrize("size", [12, 20, 100, 204, 1004])
def test_double_free(driver, size):
    _, block, _ = packed(driver, 44, size, 44)
    driver.free(block)
    refuses(driver, block, NOT_ALLOCATED)
    driver.state()


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 2, 1), (2, 0, 1), (1, 2, 0)])
def test_stale_after_coalescing(driver, order):
    _, one, two, three, _ = packed(driver, 44, 60, 100, 204, 44)
    blocks = [[one, two, three][index] for index in order]
    for block in blocks:
        driver.free(block)
    for block in blocks:
        refuses(driver, block, NOT_ALLOCATED, CORRUPT)
    driver.state()


def test_stale_after_realloc(driver):
    _, before, block, _ = packed(driver, 44, 204, 100, 44)
    driver.free(before)
    made = driver.realloc(block, 250)
    assert made.block == before
    refuses(driver, block, NOT_ALLOCATED, CORRUPT)
    driver.state()


def test_interior(driver):
    _, block, _ = packed(driver, 44, 404, 44)
    for inside in range(block + 8, block + 400, 8):
        refuses(driver, inside, NOT_ALLOCATED, CORRUPT)
    driver.state()


def test_misaligned(driver):
    _, block, _ = packed(driver, 44, 100, 44)
    for inside in range(1, 8):
        refuses(driver, block + inside, MISALIGNED)
    driver.state()


def test_foreign(driver):
    driver.heap()
    driver.alloc(100)
    first = driver.state().walk[0].offset
    far = 1 << 20
    outside = [-far, -8, 0, 8, driver.size, driver.size + 8, driver.size + far, first - 8]
    for block in outside:
        refuses(driver, block, FOREIGN, MISALIGNED)
    refuses(driver, -far, FOREIGN)
    refuses(driver, driver.size + far, FOREIGN)
    driver.state()


def test_block_of_another_heap(driver):
    driver.map(4096, slot=1, modulus=4096)
    driver.init()
    other, block = driver.address, driver.alloc(100)
    driver.map(4096, slot=0, modulus=4096)
    driver.init()
    driver.alloc(100)
    refuses(driver, other + block - driver.address, FOREIGN)
    driver.state()
    driver.use(1)
    assert driver.free_fault(block) == OK


def test_never_handed_out(driver):
    driver.heap()
    free = driver.state().walk[0]
    refuses(driver, free.offset, NOT_ALLOCATED)
    for inside in range(free.offset + 8, free.end, 64):
        refuses(driver, inside, NOT_ALLOCATED, CORRUPT)
    driver.state()


@pytest.mark.parametrize("size", [12, 100, 204])
def test_header_with_any_bit_flipped(driver, size):
    _, block, _ = packed(driver, 44, size, 44)
    header = int.from_bytes(driver.header(block), "little")
    for bit in range(32):
        driver.poke(block - 4, (header ^ 1 << bit).to_bytes(4, "little"))
        assert driver.free_fault(block) in (CORRUPT, NOT_ALLOCATED), f"bit {bit}"
        assert not driver.owns(block)
        fault, _ = driver.check()
        assert fault != OK, f"bit {bit}"
    driver.poke(block - 4, header.to_bytes(4, "little"))
    driver.free(block)
    driver.state()


def test_header_overwritten(driver):
    _, block, other, _ = packed(driver, 44, 100, 204, 44)
    header = int.from_bytes(driver.header(block), "little")
    rng = random.Random(11)
    words = [0, 0xFFFFFFFF, int.from_bytes(driver.header(other), "little")]
    words += [0x41414141, 0xDEADBEEF, 0x20202020]
    words += [rng.getrandbits(32) for _ in range(100)]
    for word in words:
        if word == header:
            continue
        driver.poke(block - 4, word.to_bytes(4, "little"))
        assert driver.free_fault(block) in (CORRUPT, NOT_ALLOCATED), f"word {word:#x}"
        assert driver.check()[0] != OK, f"word {word:#x}"
    driver.poke(block - 4, header.to_bytes(4, "little"))
    driver.free(block)


def test_overflow_by_one_byte_is_told(driver):
    _, block, behind, _ = packed(driver, 44, 100, 100, 44)
    value = driver.header(behind)[0]
    for written in range(256):
        if written == value:
            continue
        driver.poke(block + 100, bytes([written]))
        assert driver.free_fault(behind) in (CORRUPT, NOT_ALLOCATED), f"byte {written:#x}"
        fault, offset = driver.check()
        assert fault != OK
        assert abs(offset - behind) <= 256
    driver.poke(block + 100, bytes([value]))
    driver.state()


@pytest.mark.parametrize("size", [12, 60, 204, 1004])
def test_links_and_boundary_tag_of_a_hole(driver, size):
    """A write after free over links or tag is found by check."""
    _, other, _, block, _ = packed(driver, 44, size, 44, size, 44)
    driver.free(other)
    before = driver.dump()
    driver.free(block)
    sound = driver.dump()
    driver.forget()
    # what the core wrote there: a word that it left alone carries nothing
    words = [
        at for at in range(block - 4, block + size, 4) if before[at : at + 4] != sound[at : at + 4]
    ]
    assert len(words) >= 3, "header, link and boundary tag at least"
    rng = random.Random(13)
    for where in words:
        value = sound[where : where + 4]
        for _ in range(20):
            written = rng.randbytes(4)
            driver.poke(where, written)
            fault, _ = driver.check()
            assert fault != OK, f"{written.hex()} over {value.hex()} at {where - block}"
        driver.poke(where, value)
    assert driver.check() == (OK, 0)


def test_control_block_overwritten(driver):
    """Each byte before the first chunk: check finds it, or the byte carries nothing."""
    packed(driver, 44, 100, 44, 204, 44)
    sound = driver.dump()
    driver.forget()
    first = driver.peek().walk[0].offset
    noticed = 0
    for where in range(first - 4):
        for bit in (0, 3, 7):
            driver.poke(where, bytes([sound[where] ^ 1 << bit]))
            noticed += driver.check()[0] != OK
        driver.poke(where, sound[where : where + 1])
    assert driver.check() == (OK, 0)
    assert noticed >= 3 * (first - 4) * 0.9
