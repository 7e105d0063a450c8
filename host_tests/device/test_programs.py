"""Random programs against a plain model, judged on the target after each operation."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as fix_seed
from hypothesis import strategies as st

from galloc_mp.targets import TargetError

SCRIPT = "".join(
    Path(__file__).with_name(f"_{name}.py").read_text() for name in ("program", "seeds")
)
LONG = min(int(os.environ.get("GALLOC_ROUNDS", "0")), 50_000)  # `make soak`
NUMBERS = st.integers(0, 65535)
OPERATIONS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=80)
REGIONS = st.sampled_from([700, 1500, 4096, 9000])
BINS = st.sampled_from([(0, 0), (1, 2), (4, 2), (20, 8), (64, 2)])


@pytest.fixture
def run(target):
    """Runs a line on a target that has the program's script. The target starts again after a
    fault, since a heap that is at fault may have taken the interpreter along.
    """
    ready = []

    def runner(call: str, timeout: float = 120) -> str:
        if not ready:
            target.exec(SCRIPT, timeout=timeout)
            ready.append(True)
        try:
            return target.exec(call, timeout=timeout)
        except TargetError as error:
            target.close()
            ready.clear()
            raise AssertionError(f"{error.stdout}{error}") from None

    return runner


def on(*names: str):
    """The targets of a test."""
    return pytest.mark.parametrize("target", names, indirect=True)


@on("unix", "unix-natmod", "unix32")
def test_hypothesis_finds_no_program_that_breaks_a_heap(run, seed):
    """A program that fails is made smaller, and printed as the call that shows it."""

    @settings(
        max_examples=LONG // 10 or 100,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(OPERATIONS, REGIONS, BINS)
    def try_program(ops, size, bins):
        run(f"run({ops!r}, {size}, {bins[0]}, {bins[1]})")

    fix_seed(seed)(try_program)()


# Seeds of lcg(), and operations of each program. An emulated Pico does some ten a second.
RECORDED = {
    "unix": (range(1, 41), 200),
    "unix-natmod": (range(1, 41), 200),
    "MPS2_AN385": (range(1, 6), 100),
    "MPS2_AN385-natmod": (range(1, 4), 60),
    "RPI_PICO": (range(1, 2), 50),
}


@on(*RECORDED)
def test_recorded_seeds(run, target):
    seeds, count = RECORDED[target.name]
    for seed in range(1, LONG // 500 + 1) if LONG else seeds:
        run(f"run(lcg({seed}, {count}))")


@on("unix", "unix-natmod", "MPS2_AN385")
def test_long_programs_leave_nothing_behind(run):
    """On the GC heap; the region is judged at the end of each program."""
    more = int(run(f"print(long_run(77, {LONG // 100 or 12}, 60))", timeout=900))
    # A word on the stack may look like a pointer and keep a small object.
    assert more <= 128


HALF = """
p = Program({region})
p.run(lcg({seed}, {count}))
p.h.root[0] = len(p.blocks) + len(p.raw)
print([[b.offset, len(b), mark] for b, mark in p.blocks] + p.raw)
p.h.malloc(8)
"""

REST = """
import galloc
h = galloc.Heap.attach({region})
h.check()
live = [c for c in h.walk() if c[2]]
output = {output}
assert h.stats().blocks == len(live) == h.root[0] + 1 == len(output) + 1, (live, output)
for m, size, mark in output:
    assert all(h.get8(m, i) == mark for i in range(size)), (m, size, mark)
for m, _, _ in live:
    h.free(m)
h.check()
s = h.stats()
assert s.used == 0 and s.free_chunks == 1
print("ok")
"""


REGIONS_THAT_STAY = {"MPS2_AN385": "None, 8192", "MPS2_AN385-natmod": "0x20000000, 8192"}


@on(*REGIONS_THAT_STAY)
def test_soft_reset_in_the_middle(target, rng: random.Random):
    """A program is cut off; after a soft reset another finds its blocks with their bytes."""
    region = REGIONS_THAT_STAY[target.name]
    for _ in range(1 if target.spec.natmod else 2):
        target.exec(SCRIPT)
        half = HALF.format(region=region, seed=rng.randrange(1 << 16), count=60)
        output = target.exec(half, timeout=120)
        target.reset()
        assert target.exec(REST.format(region=region, output=output.strip())) == "ok\n"
        target.reset()


RELOADED = """
import sys
first = Program(bytearray(4096))
first.run(lcg(5, 40))
for name in ("galloc", "galloc_more", "_galloc"):
    sys.modules.pop(name, None)
del galloc
gc.collect()
import galloc
second = Program(bytearray(4096))
for i in range(6):
    second.run(lcg(50 + i, 20))
    first.run(lcg(60 + i, 20))
    gc.collect()
first.finish()
second.finish()
print("ok")
"""


@on("unix-natmod", "MPS2_AN385-natmod")
def test_two_copies_of_the_native_module(run):
    """Programs on heaps of both copies, by turns."""
    assert run(RELOADED) == "ok\n"


SPOILS = {
    "contents": "p.region[0][p.blocks[0][0].offset] ^= 1",
    "header": "p.region[0][p.blocks[0][0].offset - 4] ^= 1",
    "block too many": "p.h.malloc(8)",
    "block too few": "p.h.free(p.blocks[0][0].offset)",
}


@on("unix")
@pytest.mark.parametrize("spoil", SPOILS)
def test_the_model_sees(run, spoil):
    """What a faulty heap would do, done by hand, ends a program."""
    run("p = Program(bytearray(4096))\np.run(lcg(3, 60))\nassert p.blocks\np.judge()")
    with pytest.raises(AssertionError):
        run(f"{SPOILS[spoil]}\np.finish()")
