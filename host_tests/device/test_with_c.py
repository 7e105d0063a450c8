"""Python and C on the shared heap: what each keeps over a soft reset, and the firmware's malloc.
On RPI_PICO too with `make test BOARDS=all`, since its image takes long to build.
"""

import os

import pytest

PICO = ["RPI_PICO-with-c"] if os.environ.get("BOARDS") == "all" else []
both = pytest.mark.parametrize("target", ["MPS2_AN385-with-c", *PICO], indirect=True)

# A block of C's, filled.
HOLD = """
import galloc_client
from machine import mem32
at = galloc_client.hold(SIZE)
for i in range(0, SIZE, 4):
    mem32[at + i] = 0x5A000000 + i
"""

# Half of what is left, in blocks that have no mark of C's, but may have copies of one.
FILL = """
import galloc
from machine import mem32
h = galloc.heap()
h.check()
at, before = AT, h.stats()
assert before.blocks == 1 and galloc.c_share()[0] == 1, (before, galloc.c_share())
assert all(mem32[at + i] == 0x5A000000 + i for i in range(0, SIZE, 4)), "C's bytes are lost"
size = h.usable_size(at - START)
assert SIZE + 4 <= size < SIZE + 24
mark = mem32[at + size - 4]
blocks = []
left = before.free // 2
for i in range(60):
    b = h.alloc(min(left // 30, 8 + 13 * i), align=8 << i % 4)
    b[:] = b"\\xff" * len(b)
    mem32[b.address + b.size // 4 * 4 - 4] = mark
    blocks.append(b)
with h.arena() as arena:
    arena.alloc(24)
    for b in blocks[::3]:
        b.free()
    h.root[0] = blocks[1].offset
h.check()
print(h.stats().blocks, h.stats().free == before.free)
"""


def start(target, size: int) -> dict:
    """From power-on, with a block of C's; the names for FILL."""
    target.close()
    target.exec(HOLD.replace("SIZE", str(size)))
    at = target.exec("import galloc, galloc_client\nprint(at, galloc.regions()[0][1])")
    return dict(zip(("AT", "START"), at.split(), strict=True)) | {"SIZE": str(size)}


def filled(names: dict) -> str:
    script = FILL
    for name, value in names.items():
        script = script.replace(name, value)
    return script


@both
@pytest.mark.parametrize("size", [4, 8, 100, 1000])
def test_python_gives_back_at_a_reset(target, size):
    """However often a program is started again, it finds the memory that it found first."""
    names = start(target, size)
    for _ in range(8 if target.name.startswith("MPS2") else 2):
        assert target.exec(filled(names), timeout=120) == "41 False\n"
        target.reset()
    assert target.exec(
        "import galloc\nprint(galloc.stats().blocks, list(galloc.heap().root))"
    ) == ("1 [0, 0, 0, 0]\n")
    target.exec("import galloc_client\ngalloc_client.drop()")
    assert target.exec("print(galloc.c_share(), galloc.stats().blocks)") == "(0, 0, 0) 0\n"


@both
def test_attach_keeps_both(target):
    """A program that asks for it finds Python's blocks of before as well."""
    names = start(target, 100)
    target.exec(filled(names), timeout=120)
    target.reset()
    attach = "import galloc\nh = galloc.Heap.attach()\nh.check()\n"
    assert target.exec(attach + "print(h is galloc.heap(), h.stats().blocks)") == "True 41\n"
    assert target.exec("b = h.block(h.root[0])\nprint(set(bytes(b[:21])))") == "{255}\n"
    target.reset()
    assert target.exec("import galloc\nprint(galloc.stats().blocks)") == "1\n"


@both
def test_a_lost_mark_frees_nothing(target):
    """An overflow of C's over its mark: then all blocks stay, and C's free is refused."""
    names = start(target, 100)
    target.exec(filled(names), timeout=120)
    spoil = "mem32[at + size - 4] ^= 1\n"
    target.exec(spoil)
    target.reset()
    said = target.exec("import galloc\nprint(galloc.stats().blocks, galloc.c_share()[0])")
    assert said == "41 1\n"
    set_at = (
        "from machine import mem32\nat = {AT}\nsize = galloc.heap().usable_size(at - {START})\n"
    )
    target.exec(set_at.format(**names) + spoil)
    target.reset()
    assert target.exec("import galloc\nprint(galloc.stats().blocks)") == "1\n"


LIBC = """
import galloc, galloc_libc
before = galloc.stats()
faults = galloc.c_share()[2]
assert galloc_libc.get(0) and galloc_libc.get(1000) and not galloc_libc.get(before.total)
assert not galloc_libc.get(0x7fffffff) and not galloc_libc.get(-4)
assert galloc_libc.shrink()
assert galloc.c_share() == (0, 0, faults)
misused = [galloc_libc.misuse(i) for i in range(3)]
assert misused == ["not allocated", "foreign", "foreign"], misused
assert galloc.c_share() == (0, 0, faults + 3)
galloc.check()
after = galloc.stats()
assert (after.blocks, after.used, after.free) == (before.blocks, before.used, before.free)
print("ok")
"""

STRDUP = """
import galloc, galloc_libc, galloc_vector
allocs = galloc.stats().allocs
assert galloc_libc.copy("over the heap") == "over the heap"
assert galloc.stats().allocs == allocs + 1 and galloc.c_share()[0] == 0
assert galloc_vector.early() == 4950
try:
    galloc_vector.sum(10000000)
    raise AssertionError("no MemoryError")
except MemoryError:
    pass
galloc.check()
print("ok")
"""


@both
def test_malloc_of_the_firmware(target):
    target.close()  # from power-on: C holds nothing yet
    assert target.exec(LIBC) == "ok\n"


@pytest.mark.parametrize("target", PICO, indirect=True)
def test_c_library_and_constructors(target):
    """RP2 links newlib, and runs constructors of C++ before main."""
    target.close()
    try:
        assert target.exec(STRDUP) == "ok\n"
    finally:
        target.close()  # the vector that found no memory has left its last buffer


MEDIAN = """
import galloc, galloc_client, galloc_median
galloc_client.hold(16)
assert galloc.c_share()[:2] == (1, 20), galloc.c_share()
before = galloc.stats()
for samples, middle in (
    (b"\\x05\\x01\\x09", 5), (b"\\xff", 255), (b"", 0), (bytearray((7, 3)), 3),
    (bytes(range(256)) * 3, 127), (memoryview(b"abcabc")[1:4], ord("b")),
):
    assert galloc_median.median(samples) == middle, samples
for bad in (None, 5, [1, 2]):
    try:
        galloc_median.median(bad)
        raise AssertionError(bad)
    except TypeError:
        pass
after = galloc.stats()
assert after.allocs - before.allocs == after.frees - before.frees == 6
block = galloc.alloc(after.largest - 500)
try:
    galloc_median.median(b"123")
    raise AssertionError("no MemoryError")
except MemoryError:
    block.free()
galloc_client.drop()
galloc.check()
assert galloc.c_share()[:2] == (0, 0) and galloc.stats().used == before.used - 20
print("ok")
"""


@both
def test_example(target):
    """firmware/examples/median.c."""
    target.close()
    assert target.exec(MEDIAN) == "ok\n"
