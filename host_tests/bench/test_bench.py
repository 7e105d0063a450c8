"""The measuring itself: callgrind's files, the driver's reports, the gate."""

import json
import subprocess

import pytest

from host_tests.bench import build, callgrind, gate, goals, measure, worst

SAMPLE = """version: 1
events: Ir

ob=(1) /somewhere/bench-sample
fl=(1) ???
fn=(1) op_alloc
0 4
cfn=(2) adapter_alloc
calls=2 0
0 131

fn=(2)
0 11
cfn=(3) the_alloc
calls=2 0
0 120

fn=(3)
0 100
cob=(2) /lib/libc.so.6
cfn=(4) memset
calls=1 0
0 20

ob=(2)
fn=(4)
0 20
"""


@pytest.fixture(scope="module")
def glibc() -> build.Binary:
    return build.glibc()


def test_callgrinds_file_is_read_by_object_and_function(tmp_path):
    path = tmp_path / "callgrind.out"
    path.write_text(SAMPLE)
    own, calls = callgrind.parse(path)
    program, libc = "/somewhere/bench-sample", "/lib/libc.so.6"
    assert own == {
        (program, "op_alloc"): 4,
        (program, "adapter_alloc"): 11,
        (program, "the_alloc"): 100,
        (libc, "memset"): 20,
    }
    assert calls["adapter_alloc", "the_alloc"] == 120


def test_a_part_of_the_worst_case_leaves_the_adapter_out():
    part = worst._Part()
    part.slots = {0: ("adapter_alloc", 55), 1: ("adapter_alloc", 105), 2: ("adapter_free", 27)}
    part.own = {"adapter_alloc": 10, "adapter_free": 7}
    assert part.costs() == {0: 50, 1: 100, 2: 20}


@pytest.mark.parametrize("what", goals.WORKLOADS)
def test_a_workload_repeats_exactly_and_keeps_its_payload(glibc, what):
    first, second = (measure.driver(glibc, verb, what, "3") for verb in ("work", "verify"))
    assert first == second
    assert first[0]["allocs"] > first[0]["frees"] > 0


def test_another_seed_is_another_workload(glibc):
    assert measure.driver(glibc, "work", "R64", "1") != measure.driver(glibc, "work", "R64", "2")


@pytest.mark.parametrize(
    ("name", "operations", "peak"),
    [("lua", 10552, 118472), ("tls", 130079, 92430), ("sqlite", 5970, 268020)],
)
def test_traces_are_whole(glibc, name, operations, peak):
    path = str(measure.traces()[name])
    row = measure.driver(glibc, "trace", path, str(2 << 20))[0]
    assert row["allocs"] + row["frees"] + row["reallocs"] == operations
    assert measure.driver(glibc, "fit", path)[0]["peak"] == peak


def test_what_is_no_trace_is_refused(glibc, tmp_path):
    path = tmp_path / "wrong.trace"
    path.write_text("a 1 16 1\nx 1\n")
    done = subprocess.run([glibc.path, "fit", path], capture_output=True, text=True)
    assert done.returncode == 2
    assert "line 2" in done.stderr


def test_the_guards_count_as_the_allocators_and_keep_payload():
    binary = build.galloc("galloc-debug", guards=True)
    assert "adapter_alloc" not in binary.driver and "op_alloc" in binary.driver
    facts = measure.driver(binary, "verify", "R64", "1")[0]
    assert facts["allocs"] > facts["failures"]


def test_the_gate_closes_above_three_percent_only():
    kept = {"instructions": {"fast": {"R64": 60.0, "worst alloc": 200}}}
    same = {"instructions": {"fast": {"R64": 61.7, "worst alloc": 206}}}
    dearer = {"instructions": {"fast": {"R64": 61.9, "worst alloc": 207}}}
    assert gate.above(kept, same) == []
    assert len(gate.above(kept, dearer)) == 2


def test_the_gates_file_names_its_compiler_and_all_figures():
    kept = json.loads(gate.FILE.read_text())
    assert kept["cc"]
    assert set(goals.WORKLOADS) < set(gate.INPUTS)
    assert list(kept["instructions"]) == list(gate.BUILDS)
    for row in kept["instructions"].values():
        assert set(gate.INPUTS) < set(row)


NOW = {"cc": "a compiler", "instructions": {"fast": {"R64": 60.0, "X256": 50.0}}}


@pytest.fixture
def gate_file(tmp_path, monkeypatch):
    """The gate with figures that were counted already, and a file of its own."""
    monkeypatch.setattr(gate, "FILE", tmp_path / "figures.json")
    monkeypatch.setattr(gate, "figures", lambda: NOW)
    return gate.FILE


def test_the_gate_fails_without_its_file_and_writes_it_only_when_told(gate_file, capsys):
    assert gate.main([]) == 1
    assert "--write" in capsys.readouterr().err
    assert not gate_file.exists()
    assert gate.main(["--write"]) == 0
    assert json.loads(gate_file.read_text()) == NOW
    assert gate.main([]) == 0


@pytest.mark.parametrize(
    "kept",
    [
        {"fast": {"R64": 60.0}},
        {"fast": NOW["instructions"]["fast"], "checked": {"R64": 60.0}},
        {},
    ],
    ids=["one too few", "one too many", "none"],
)
def test_the_gate_fails_when_the_files_figures_are_others(gate_file, capsys, kept):
    gate_file.write_text(json.dumps({"cc": "a compiler", "instructions": kept}))
    assert gate.main([]) == 1
    assert "--write" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", '{"cc": "a compiler"}'])
def test_the_gate_says_what_to_do_with_a_file_that_is_none_of_its(gate_file, capsys, text):
    gate_file.write_text(text)
    assert gate.main([]) == 1
    assert "--write" in capsys.readouterr().err
