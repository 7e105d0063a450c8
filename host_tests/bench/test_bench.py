"""The measuring itself: callgrind's files, the driver's reports, tables, the guide, the gate."""

import io
import json
import shutil
import subprocess

import pytest
from rich.console import Console

from host_tests.bench import (
    __main__ as bench,
)
from host_tests.bench import (
    build,
    callgrind,
    gate,
    goals,
    guide,
    measure,
    peers,
    run,
    tables,
    verdicts,
    worst,
)

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


def test_the_gates_figures_are_those_of_a_whole_run():
    """What `make bench` writes has all figures that the gate counts itself."""
    kept = json.loads(gate.FILE.read_text())
    assert gate.others(kept, gate.of_bench(FIGURES)) == []


# --- Tables

FIGURES = json.loads((bench.RESULTS / "figures.json").read_text())


def cells(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]


def test_tables_are_those_of_the_figures():
    assert (bench.RESULTS / "README.md").read_text() == tables.document(FIGURES)


def test_a_run_without_cargo_leaves_the_repositorys_tables_alone(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(build.BuildError, match="cargo is missing"):
        peers.binaries(lambda _: None)
    found, reasons = run.subjects()
    assert [s.name for s in found] == [run.OURS, run.FAST, "glibc malloc"]
    assert bench.folder(False, reasons) == bench.LOOKS
    assert bench.folder(True, {}) == bench.LOOKS
    assert bench.folder(False, {}) == bench.RESULTS
    assert bench.folder(False, {"talc": "does not build"}) == bench.RESULTS


def test_what_is_missing_takes_one_line_on_a_narrow_terminal_too():
    said = io.StringIO()
    bench.tell_missing(Console(file=said, width=40), {run.ALL_PEERS: "cargo " * 20})
    assert said.getvalue().count("\n") == 1


def test_tables_without_peers_name_none():
    ours = FIGURES | {
        "machine": FIGURES["machine"] | {"rustc": "none"},
        "missing": {run.ALL_PEERS: "cargo is missing"},
    }
    text = tables.document(ours)
    assert "Peers: none.\n" in text
    assert "Not measured: all peers: cargo is missing\n" in text


def test_every_allocator_and_the_goals_have_a_row_of_worst_cases():
    """As in the table of instructions: README.md puts the two together by name."""
    averages, worst_cases = (
        [row[0] for row in cells(make(FIGURES))] for make in (tables.instructions, tables.worst)
    )
    assert averages == worst_cases
    assert averages[-1] == "*goal, no checksum*"


def test_a_peer_that_was_cut_short_is_called_too_slow():
    slow = FIGURES | {"worst": FIGURES["worst"] | {"talc": None}}
    rows = {row[0]: row for row in cells(tables.worst(slow))}
    assert set(rows["talc"][1:]) == {"too slow"}
    assert set(rows["glibc malloc"][1:]) == {"–"}


def test_the_checksum_has_a_ratio_and_its_goal():
    _, _, ratios, goal = cells(tables.checksum(FIGURES))
    assert len(ratios) == len(FIGURES["inputs"]) + 1
    assert all(1 <= float(ratio) < 1.3 for ratio in ratios[1:])
    assert set(goal[1:]) == {"1.30"}


def test_a_goal_is_reached_by_the_figure_itself():
    assert verdicts.Verdict("", "", goal=1.18, figure=1.18).reached
    assert not verdicts.Verdict("", "", goal=1.18, figure=1.1804, digits=2).reached
    assert verdicts.Verdict("", "", goal=0.96, figure=0.961, at_least=True).reached
    assert not verdicts.Verdict("", "", goal=0.96, figure=0.9599, at_least=True).reached


def test_every_goal_has_a_verdict():
    count = len(goals.INSTRUCTIONS) + len(goals.REGION_PER_PEAK) + len(goals.WORST)
    count += len(goals.FILL) + len(goals.REFILL) + 1
    assert len(verdicts.of_bench(FIGURES)) == count


# --- The configuration guide


@pytest.mark.parametrize("asked", [(48, 4), (20, 8), (22, 2), (40, 3), (300, 2), (10, 17)])
def test_the_guide_knows_what_a_heap_makes_of_a_configuration(asked):
    binary = build.galloc()

    def control(bins: int, subs: int) -> int:
        settings = {"BENCH_SMALLBINS": str(bins), "BENCH_SUB_BINS": str(subs)}
        return measure.driver(binary, "control", "65536", settings=settings)[0]["control"]

    given = guide.given(*asked)
    assert given in ((32, 4), (16, 8), (22, 2), (32, 3), (64, 2), (8, 16))
    assert control(*asked) == control(*given)


def test_the_guide_measures_the_default_and_what_the_originals_becomes():
    assert guide.DEFAULT in guide.configurations()
    assert guide.given(*guide.ORIGINAL) in guide.configurations()


def test_a_recommendation_keeps_the_goals_that_can_be_kept():
    rows = json.loads((bench.RESULTS / "guide.json").read_text())
    assert [(r["smallbins"], r["sub_bins"]) for r in rows] == guide.configurations()
    for region in guide.REGIONS:
        row = guide.recommended(rows, region)
        assert row["control"][str(region)] * guide.SHARE <= region
        assert row["tls region"] <= goals.REGION_PER_PEAK["tls"]
        assert row["sqlite region"] <= goals.REGION_PER_PEAK["sqlite"]
