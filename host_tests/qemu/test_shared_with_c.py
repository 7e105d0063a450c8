"""One heap for Python and C: the example modules in C and C++ on the shared heap. On RPI_PICO too
with `make test BOARDS=all`, since its image takes long to build.
"""

import os

import pytest

from galloc_mp.targets import TargetError

PICO = ["RPI_PICO-with-c"] if os.environ.get("BOARDS") == "all" else []
both = pytest.mark.parametrize("target", ["MPS2_AN385-with-c", *PICO], indirect=True)

SHARES = """
import galloc, galloc_client
mine = galloc.alloc(500)
before = galloc.stats().used
at = galloc_client.hold(1000)
blocks, bytes_, _ = galloc.c_share()
assert blocks == 1 and bytes_ >= 1000, (blocks, bytes_)
assert galloc.stats().used - before == bytes_
_, start, size, _ = galloc.regions()[0]
assert start < at < start + size
galloc_client.hold(3000)
blocks, bytes_, _ = galloc.c_share()
assert blocks == 1 and galloc.stats().used - before == bytes_ >= 3000
galloc_client.drop()
assert galloc.c_share() == (0, 0, 0) and galloc.stats().used == before
galloc.check()
print("ok")
"""

C_FIRST = """
import galloc_client
galloc_client.hold(2000)
import galloc
assert galloc.initialized()
assert galloc.stats().blocks == 1
b = galloc.alloc(100)
galloc.check()
print("ok")
"""

AFTER_RESET = """
import galloc, galloc_client
assert galloc.c_share()[0] == 1
galloc.check()
_, address, size, _ = galloc.regions()[0]
for take in (galloc.init, galloc.Heap, lambda: galloc.Heap(address + 4, size // 2)):
    try:
        take()
        raise AssertionError("the heap was taken from C")
    except RuntimeError:
        galloc.check()
galloc_client.hold(4000)
galloc.alloc(10).free()
galloc_client.drop()
galloc.check()
assert galloc.c_share() == (0, 0, 0)
print("ok")
"""

VECTOR = """
import galloc, galloc_vector
galloc.heap()
assert galloc_vector.sum(1000) == 499500
assert galloc.stats().blocks == 0 and galloc.stats().allocs > 8
print("ok")
"""

TOO_LONG = """
import galloc, galloc_vector
try:
    galloc_vector.sum(10000000)
    raise AssertionError("no MemoryError")
except MemoryError:
    pass
galloc.check()
print("ok")
"""

CHURN = """
import _thread, galloc, galloc_client
galloc.heap()
counts = [0, 0, 0]
def second():
    try:
        counts[1] = galloc_client.churn(2, ROUNDS)
    finally:
        counts[2] = 1
_thread.start_new_thread(second, ())
counts[0] = galloc_client.churn(1, ROUNDS)
while not counts[2]:
    pass
galloc.check()
s = galloc.stats()
assert s.blocks == 0 and s.allocs == s.frees and galloc.c_share() == (0, 0, 0), s
print(sum(counts[:2]))
"""


@both
def test_shares_are_told_apart(target):
    assert target.exec(SHARES) == "ok\n"


@both
def test_c_keeps_its_blocks_over_a_soft_reset(target):
    """C made the heap before Python asked for it; both live on it, and a soft reset leaves C's
    part alone.
    """
    target.close()  # from power-on: what Python leaves at a soft reset would still be there
    assert target.exec(C_FIRST) == "ok\n"
    target.reset()
    assert target.exec(AFTER_RESET) == "ok\n"


@both
def test_vector(target):
    """C++ on the heap."""
    target.close()
    assert target.exec(VECTOR) == "ok\n"


@pytest.mark.parametrize("target", ["MPS2_AN385-with-c"], indirect=True)
def test_vector_without_memory(target):
    """It raises, and its last buffer stays behind: without C++ exceptions nothing unwinds it. (On
    RP2 the SDK has a `new` of its own, which stops the program.)
    """
    try:
        assert target.exec(TOO_LONG) == "ok\n"
    finally:
        target.close()


@pytest.mark.parametrize("target", PICO, indirect=True)
def test_two_cores_in_c(target):
    """100,000 operations by both cores of an RP2040 at once, without Python in between."""
    try:
        operations = int(target.exec(CHURN.replace("ROUNDS", "50000"), timeout=400))
    except TargetError as error:
        pytest.fail(str(error))
    assert operations >= 100_000


WANTS = """
import galloc, galloc_client
_, start, size, attributes = galloc.regions()[1]
mine = galloc.heap(1).alloc(100)
galloc.heap().alloc(galloc.stats().largest)
at = galloc_client.hold(1000, 2)
assert start < at < start + size, "the first bank is full"
blocks, bytes_, _ = galloc.c_share()
assert blocks == 1 and galloc.heap(1).stats().blocks == 2
assert start < galloc_client.hold(3000) < start + size, "realloc stays in the bank"
try:
    galloc_client.hold(8, 64)
    raise AssertionError("there is no such attribute")
except MemoryError:
    pass
try:
    galloc.Heap(start, size)
    raise AssertionError("the bank was taken from C")
except RuntimeError:
    pass
galloc.heap(1).check()
print("ok")
"""

WANTS_AFTER = """
import galloc, galloc_client
assert galloc.c_share()[0] == 1
d = galloc.heap(1)
assert d.stats().blocks == 1, "C's block is there, Python's is given back"
assert galloc.heap().stats().blocks == 0
d.alloc(50).free()
galloc_client.drop()
d.check()
assert galloc.c_share() == (0, 0, 0) and d.stats().blocks == 0
print("ok")
"""


@both
def test_bank_with_attributes(target):
    """C takes a bank by its attributes, and keeps its block there over a soft reset."""
    assert target.exec(WANTS) == "ok\n"
    target.reset()
    assert target.exec(WANTS_AFTER) == "ok\n"
