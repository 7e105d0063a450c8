"""The replay of traces: what it reads, what it finds, and that it notices what goes wrong."""

import gzip
import subprocess
import sys

import pytest

from galloc_mp.replay import trace as traces
from galloc_mp.replay.fit import Fit, find
from galloc_mp.replay.heap_map import choose_unit, draw
from galloc_mp.replay.report import Report, smallest
from galloc_mp.replay.session import Outcome, Session
from galloc_mp.targets.registry import ROOT

RECORDED = ROOT / "host_tests" / "traces"
# Operations and peak of live bytes, as the traces were recorded.
KNOWN = {"lua": (10552, 118472), "tls": (130079, 92430), "sqlite": (5970, 268020)}


def write(folder, text: str, name: str = "own.trace"):
    """A trace file with this text."""
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def random_trace(rng, count: int) -> str:
    """A trace of that many operations, with sizes and aligns of all kinds."""
    lines, live = [], []
    for name in range(count):
        kind = rng.choice("aaarff")
        if kind == "a" or not live:
            size = rng.choice((0, 1, rng.randrange(64), rng.randrange(5000)))
            lines.append(f"a {name} {size} {1 << rng.randrange(8)}")
            live.append(name)
        elif kind == "r":
            lines.append(f"r {rng.choice(live)} {rng.randrange(3000)}")
        else:
            lines.append(f"f {live.pop(rng.randrange(len(live)))}")
    return "\n".join(lines)


@pytest.mark.parametrize("name", KNOWN)
def test_recorded_traces_are_what_they_were(name):
    trace = traces.load(RECORDED / f"{name}.trace.gz")
    assert (len(trace), trace.peak) == KNOWN[name]
    assert trace.name == name


@pytest.mark.parametrize("name", ["own.trace", "own.trace.gz"])
def test_packing(tmp_path, name):
    trace = traces.load(write(tmp_path, "a 7 5 1\na 8 40000 64\nf 7\n\na 9 1 8\nr 8 2\n", name))
    assert list(trace.words) == [
        *(1 << 14 | 0, 5),
        *(3 << 14 | 1, 6, 0x8000 | 40000 & 0x7FFF, 40000 >> 15),
        *(0 << 14 | 0,),
        *(1 << 14 | 0, 1),  # the slot that was freed serves again
        *(2 << 14 | 1, 2),
    ]
    assert (trace.slots, trace.peak, trace.peak_at) == (2, 40005, 2)
    assert trace.pack(2, 4) == b"\x00\x00\x00\x40\x01\x00"


@pytest.mark.parametrize(
    "text, reason",
    [
        ("a 1 8 1\nx 2\n", "line 2: expected"),
        ("a 1 8\n", "line 1: expected"),
        ("a 1 many 1\n", "line 1: "),
        ("a 1 -8 1\n", "numbers must be 0 or more"),
        ("a 1 2000000000 1\n", "sizes and aligns 1073741823 or less"),
        ("a 1 8 3\n", "align 3 is no power of two"),
        (f"a 1 8 {1 << 70}\n", "aligns 1073741823 or less"),
        ("a 1 8 1\na 1 8 1\n", "line 2: block 1 is allocated a second time"),
        ("f 4\n", "block 4 is freed but not allocated"),
        ("r 4 8\n", "block 4 is reallocated but not allocated"),
        ("".join(f"a {i} 1 1\n" for i in range(traces.SLOTS + 1)), "more than 16384 blocks"),
        ("", "holds no operation"),
    ],
)
def test_what_is_no_trace(tmp_path, text, reason):
    with pytest.raises(traces.TraceError, match=reason):
        traces.load(write(tmp_path, text))


def test_damaged_gzip(tmp_path):
    path = tmp_path / "own.trace.gz"
    path.write_bytes(gzip.compress(b"a 1 8 1\n" * 100)[:-12])
    with pytest.raises(traces.TraceError, match="own.trace.gz"):
        traces.load(path)


@pytest.mark.parametrize("target", ["unix", "unix-natmod", "unix32", "MPS2_AN385"], indirect=True)
def test_replay_serves_random_traces(target, tmp_path, rng):
    trace = traces.load(write(tmp_path, random_trace(rng, 2500)))
    session = Session(target)
    size = session.whole or 1 << 20
    outcome = session.replay(trace, size)
    assert outcome.good, outcome
    assert outcome.checks >= 3
    assert outcome.fullest.done == trace.peak_at
    assert sum(n for _, n, live in outcome.fullest.chunks if live) == outcome.fullest.stats["used"]
    assert outcome.fullest.stats["used"] >= trace.peak
    assert outcome.fullest.info.startswith("galloc: total: ")


@pytest.mark.parametrize("target", ["unix", "MPS2_AN385"], indirect=True)
def test_smallest_region_serves_on_the_target_and_less_does_not(target):
    trace = traces.load(RECORDED / "sqlite.trace.gz")
    fit = find(trace)
    assert trace.peak < fit.smallest <= fit.sure < fit.tried_to
    session = Session(target)
    assert session.replay(trace, fit.smallest, look=False).good
    less = session.replay(trace, fit.smallest - 8, look=False)
    assert less.failed and less.first_failed >= 0 and not less.good
    assert not less.damaged and not less.fault


@pytest.mark.parametrize("target", ["unix", "unix32", "MPS2_AN385"], indirect=True)
def test_smallest_region_at_large_alignments(target, tmp_path):
    """It depends on where the region lies."""
    trace = traces.load(write(tmp_path, "a 1 100 1\na 2 3000 16384\na 3 5 8192\nf 1\n"))
    session = Session(target)
    fit = find(trace, address=session.address)
    assert session.replay(trace, fit.smallest, look=False).good
    assert session.replay(trace, fit.smallest - 8, look=False).failed


# What a program might do to a block, and what the replay must say.
DAMAGES = {
    "payload": ("replay.bytes[h + 39] ^= 1", "damaged"),
    "first byte": ("replay.bytes[h] ^= 0x80", "damaged"),
    "header": ("replay.bytes[h - 4] ^= 0x80", "fault"),
}


@pytest.mark.parametrize("target", ["unix"], indirect=True)
@pytest.mark.parametrize("what", DAMAGES)
def test_replay_notices_damage(target, tmp_path, monkeypatch, what):
    code, reason = DAMAGES[what]
    lines = [f"a {i} 40 1\n" for i in range(1500)] + [f"f {i}\n" for i in range(1500)]
    trace = traces.load(write(tmp_path, "".join(lines)))
    session = Session(target)
    run, calls = target.exec, []

    def exec_and_damage(source, *more):
        said = run(source, *more)
        if source.startswith(b"replay.run" if isinstance(source, bytes) else "replay.run"):
            calls.append(source)
            if len(calls) == 1:
                run(f"h = replay.handles[500]\n{code}")
        return said

    monkeypatch.setattr(target, "exec", exec_and_damage)
    outcome = session.replay(trace)
    assert not outcome.good
    if reason == "fault":
        assert outcome.fault.startswith("ValueError")
    else:
        assert (outcome.damaged, outcome.first_damaged) == (1, 2000)


def test_map_shows_blocks_holes_and_control_data():
    chunks = [(68, 60, True), (132, 124, False), (260, 60, True), (324, 700, False)]
    text = draw(chunks, 1024, unit=64, plain=True).plain
    assert text.splitlines()[1] == "00000: C#..#" + 11 * "."
    assert "all free" not in text


def test_map_counts_lines_that_are_free_and_fits_a_screen():
    chunks = [(132, 4092, True), (4228, (1 << 20) - 4228, False)]
    assert choose_unit(chunks, 1 << 20) == 16
    lines = draw(chunks, 1 << 20, plain=True).plain.splitlines()
    assert lines[-1].strip() == "(1019 lines all free)"
    full = [(132, (1 << 20) - 132, True)]
    assert len(draw(full, 1 << 20).plain.splitlines()) <= 25


def command(*arguments: object) -> subprocess.CompletedProcess:
    """Runs the command line."""
    return subprocess.run(
        [sys.executable, "-m", "galloc_mp", "replay", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_command_reports():
    result = command(RECORDED / "lua.trace.gz", "--target", "unix")
    assert result.returncode == 0, result.stderr
    assert "all 10,552 operations served, each block verified, no failure" in result.stdout
    assert "smallest region that serves" in result.stdout
    assert "its fullest moment" in result.stdout


def test_command_replays_in_a_buffer_where_there_is_no_region():
    result = command(RECORDED / "lua.trace.gz", "--target", "unix-natmod", "--region", 200_000)
    assert result.returncode == 0, result.stderr
    assert "replayed on unix-natmod: serves there too" in result.stdout


def test_command_takes_a_trace_of_nothing(tmp_path):
    result = command(write(tmp_path, "a 1 0 8\nf 1\n"), "--target", "unix")
    assert result.returncode == 0, result.stderr
    assert "all 2 operations served" in result.stdout


@pytest.mark.parametrize(
    "fit, reason",
    [
        (Fit(1000, 1000, 1250, 9), "all of those tried beyond it, up to 1,250, serve too"),
        (Fit(1000, 1128, 1250, 9), "from 1,128 on all that were tried serve, up to 1,250"),
        (Fit(1000, 1256, 1250, 9), "not all beyond it serve; 1,250 does not, the largest tried"),
    ],
)
def test_report_says_what_was_tried(tmp_path, fit, reason):
    trace = traces.load(write(tmp_path, "a 1 8 8\n"))
    report = Report(Outcome(trace, "SRAM", 0, 4096), fit, untried="too large")
    said = smallest(report, "unix")
    assert reason in said and "not tried there: too large" in said


def test_command_fails_where_memory_is_short(tmp_path):
    path = write(tmp_path, "a 1 30000 1\na 2 30000 1\n")
    result = command(path, "--target", "unix", "--region", 50000, "--no-fit")
    assert result.returncode == 1
    assert "1 requests found no memory, the first is operation 1" in result.stdout


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (("missing.trace",), "missing.trace"),
        (("x.trace", "--target", "unix"), "x.trace, line 1: expected"),
        (("good.trace", "--target", "nowhere"), "unknown target 'nowhere'"),
        (("good.trace", "--region", 1 << 24), "GALLOC_REGION_SIZE=16777216 builds it"),
        (("good.trace", "--region", 100), "unix: region too small, "),
        (("good.trace", "--sub-bins", 1), "unix: sub_bins must be 2 or more"),
        (
            ("good.trace", "--target", "unix-natmod", "--region", 1 << 29),
            "no memory for 536870912",
        ),
    ],
)
def test_command_says_what_is_wrong(tmp_path, monkeypatch, arguments, reason):
    write(tmp_path, "hello\n", "x.trace")
    write(tmp_path, "a 1 8 1\n", "good.trace")
    monkeypatch.chdir(tmp_path)
    result = command(*arguments)
    assert result.returncode == 1
    assert reason in result.stderr
    assert "Traceback" not in result.stderr
