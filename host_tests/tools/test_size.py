"""`galloc-mp size`: the smallest region, varied copies, the line to paste."""

import re
import subprocess
import sys
from itertools import pairwise

import pytest

from galloc_mp.core import Core
from galloc_mp.replay import trace as traces
from galloc_mp.replay.fit import Trial
from galloc_mp.replay.vary import operations, vary
from galloc_mp.targets import open_target
from galloc_mp.targets.registry import ROOT
from host_tests.tools.test_replay import random_trace, write

SQLITE = ROOT / "host_tests" / "traces" / "sqlite.trace.gz"


def size(*arguments: object) -> subprocess.CompletedProcess:
    """Runs the command line."""
    return subprocess.run(
        [sys.executable, "-m", "galloc_mp", "size", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_recommended_region_serves():
    done = size(SQLITE, "--copies", 2)
    assert done.returncode == 0, done.stderr
    trace = traces.load(SQLITE)
    smallest = int(
        re.search(r"the smallest that serves +([\d,]+)", done.stdout)[1].replace(",", "")
    )
    trial = Trial(trace)
    assert trial.serves(smallest)
    assert not any(trial.serves(n) for n in range(smallest - 8 * 8, smallest, 8))
    line = done.stdout.splitlines()[-1]
    recommended = int(re.match(r"galloc\.init\(bytearray\((\d+)\)", line)[1])
    assert recommended % 256 == 0 and smallest <= recommended < 1.2 * trace.peak
    assert trial.serves(recommended)
    with open_target("unix-natmod") as target:
        target.exec(f"import galloc\n{line}\nassert galloc.stats().total > {recommended - 24}")


def test_copies_vary_and_keep_their_order(tmp_path, rng):
    trace = traces.load(write(tmp_path, random_trace(rng, 2000)))
    copy = vary(trace, 0.05, 1)
    assert vary(trace, 0.05, 1).words == copy.words != trace.words
    assert vary(trace, 0.05, 2).words != copy.words
    assert len(copy) == len(trace) and abs(copy.peak / trace.peak - 1) < 0.06
    live = set()
    for kind, slot, _, _ in operations(copy):
        assert kind != traces.FREE or slot in live
        assert kind != traces.REALLOC or slot in live
        (live.discard if kind == traces.FREE else live.add)(slot)
    # What was read is what was written.
    read = [step[0] << 14 | step[1] for step in operations(trace)]
    assert read == [trace.words[at] for at in trace.starts[:-1]]


def test_core_on_this_machine_agrees_with_a_target(tmp_path, rng):
    """The same trace leaves the same chunks in a heap of the unix port."""
    text = random_trace(rng, 600)
    trace = traces.load(write(tmp_path, text))
    core = Core()
    core.take(trace)
    assert core.start(1 << 18, align=max(trace.align, 4096)) and core.replay(0, len(trace))
    assert core.check() == ""
    script = ["import galloc", "h = galloc.Heap(None, 1 << 18)", "b = {}"]
    for line in text.splitlines():
        kind, name, *numbers = line.split()
        if kind == "a":
            script.append(f"b[{name}] = h.malloc({', '.join(numbers)})")
        elif kind == "r":
            script.append(f"b[{name}] = h.realloc(b[{name}], {numbers[0]})")
        else:
            script.append(f"h.free(b.pop({name}))")
    script.append("for c in h.walk(): print(*c)")
    with open_target("unix") as target:
        expected = target.exec("\n".join(script)).splitlines()
    assert [f"{at} {n} {live}" for at, n, live in core.chunks()] == expected
    assert all(a + n + 4 == b for (a, n, _), (b, _, _) in pairwise(core.chunks()))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("# lost 7\na 1 100 8\nf 1\n", "7 operations are missing"),
        ("# failed 2\na 1 100 8\nf 1\n", "2 requests of the recorded program found no memory"),
    ],
)
def test_says_what_the_recording_lacks(tmp_path, text, expected):
    done = size(write(tmp_path, text), "--copies", 0)
    assert done.returncode == 0 and expected in done.stdout


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a 1 8 1\nx 2\n", "own.trace, line 2: expected"),
        ("\xff\xfe", "is no trace: line 1 is no text"),
        ("", "holds no operation"),
        ("a 1 8 1073741824\n", "sizes and aligns 1073741823 or less"),
        ("a 1 1000000000 8\n", "are tried here"),
    ],
)
def test_bad_traces_get_a_sentence(tmp_path, text, expected):
    path = tmp_path / "own.trace"
    path.write_bytes(text.encode("latin1"))
    done = size(path)
    assert (done.returncode, done.stdout) == (1, "")
    assert expected in done.stderr and len(done.stderr.splitlines()) == 1
