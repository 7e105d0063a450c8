"""The measuring itself: callgrind's files, the driver's reports, tables, the guide, the gate."""

import csv
import dataclasses
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
    bounded,
    build,
    callgrind,
    gate,
    graphs,
    guide,
    measure,
    peers,
    run,
    tables,
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


@pytest.mark.parametrize("what", measure.WORKLOADS)
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
    kept = {"instructions": {"galloc": {"R64": 60.0, "worst alloc": 200}}}
    same = {"instructions": {"galloc": {"R64": 61.7, "worst alloc": 206}}}
    more = {"instructions": {"galloc": {"R64": 61.9, "worst alloc": 207}}}
    assert gate.above(kept, same) == []
    assert len(gate.above(kept, more)) == 2


def test_the_gates_file_names_its_compiler_and_all_figures():
    kept = json.loads(gate.FILE.read_text())
    assert kept["cc"]
    assert set(measure.WORKLOADS) < set(gate.INPUTS)
    assert list(kept["instructions"]) == list(run.LEVELS)
    for row in kept["instructions"].values():
        assert set(gate.INPUTS) < set(row)


NOW = {"cc": "a compiler", "instructions": {"galloc": {"R64": 60.0, "X256": 50.0}}}


@pytest.fixture
def gate_file(tmp_path, monkeypatch):
    """The gate with figures that were counted already, and a file of its own."""
    monkeypatch.setattr(gate, "FILE", tmp_path / "gate.json")
    monkeypatch.setattr(gate, "figures", lambda: NOW)
    return gate.FILE


def test_the_gate_fails_without_its_file_and_writes_it_on_request_only(gate_file, capsys):
    assert gate.main([]) == 1
    assert "--write" in capsys.readouterr().err
    assert not gate_file.exists()
    assert gate.main(["--write"]) == 0
    assert json.loads(gate_file.read_text()) == NOW
    assert gate.main([]) == 0


@pytest.mark.parametrize(
    "kept",
    [
        {"galloc": {"R64": 60.0}},
        {"galloc": NOW["instructions"]["galloc"], "galloc, level 1": {"R64": 60.0}},
        {},
    ],
    ids=["one too few", "one too many", "none"],
)
def test_the_gate_fails_when_the_files_figures_are_others(gate_file, capsys, kept):
    gate_file.write_text(json.dumps({"cc": "a compiler", "instructions": kept}))
    assert gate.main([]) == 1
    assert "--write" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", '{"cc": "a compiler"}'])
def test_the_gate_says_what_to_do_with_a_file_that_is_not_its_own(gate_file, capsys, text):
    gate_file.write_text(text)
    assert gate.main([]) == 1
    assert "--write" in capsys.readouterr().err


# --- Tables

PEERS = ("talc", "glibc malloc")


def made_up_figures() -> dict:
    """What a whole run returns, with figures that are easy to recognise."""
    subjects = [*run.LEVELS, *PEERS]
    inputs = list(gate.INPUTS)
    worst_of = dict.fromkeys(tables.WORST, 90) | {"missed": 0}
    original = {"scores": list(range(10, 110, 10)), "percent": [90.0, 100.0, 110.0]}
    chunk = dict.fromkeys(
        ("attempts", "successful", "deallocations", "median", "average", "min", "max"), 7
    )
    counted = {
        subject: {
            what: {
                "all": 100.0 - 10 * at,
                "alloc": 120.0,
                "free": 80.0,
                "facts": {"fill": 0.95, "refill": 0.9},
            }
            for what in inputs
        }
        for at, subject in enumerate(subjects)
    }
    return {
        "machine": {"cc": "a compiler", "flags": "-O3", "rustc": "rustc 1.0"},
        "versions": dict.fromkeys(subjects, "1.0"),
        "missing": {},
        "inputs": inputs,
        "seconds": 1,
        "instructions": counted,
        "control": {s: dict.fromkeys(map(str, run.REGIONS), 300) for s in subjects[:-1]},
        "fits": {
            s: {"lua": {"peak": 1000, "smallest": 1200, "sure": 1250}} for s in (run.OURS, "talc")
        },
        "worst": {
            s: {"highest": worst_of, "holes": {"10": dict.fromkeys("afr", 5)}}
            for s in subjects[:-1]
        },
        "nanoseconds": {s: {w: {"ns": 20.0, "ratio": 1.0} for w in inputs} for s in subjects},
        "original": {
            s: {
                "random_actions": original,
                "heap_exhaustion": original,
                "chunk": [chunk | {"seconds": 1}],
            }
            for s in subjects
        },
    }


FIGURES = made_up_figures()


def cells(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]


def test_the_gates_figures_are_those_of_a_whole_run():
    """What `make bench` writes has all figures that the gate counts itself."""
    kept = json.loads(gate.FILE.read_text())
    assert gate.others(kept, gate.of_bench(FIGURES)) == []


def test_every_table_shows_its_figures(tmp_path):
    text = tables.document(FIGURES)
    for title, *_ in tables.SECTIONS:
        assert f"## {title}\n" in text
    assert ["galloc", *["100"] * 12] in cells(tables.instructions(FIGURES))
    assert ["talc", "1.200 (1.250)"] in cells(tables.regions(FIGURES))
    assert ["1", *["90.0 (90%)"] * 12] in cells(tables.hardening(FIGURES))
    pictures = graphs.everything(FIGURES, tmp_path)
    assert [p.read_bytes()[1:4] for p in pictures] == [b"PNG"] * 4


def kept_sheet() -> list[dict[str, str]]:
    return list(csv.DictReader((bench.RESULTS / "figures.csv").read_text().splitlines()))


def test_the_sheet_has_a_row_for_each_allocator_and_input():
    rows = list(csv.DictReader(tables.sheet(FIGURES).splitlines()))
    assert len(rows) == len(FIGURES["instructions"]) * len(FIGURES["inputs"])
    assert rows[0]["instructions"] == "100.0" and rows[0]["realloc"] == ""


def test_results_tables_and_sheet_are_of_the_same_run():
    text = (bench.RESULTS / "README.md").read_text()
    head, _, *rows = cells(
        text.partition("## Instructions an operation\n")[2].partition("\n## ")[0]
    )
    shown = {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}
    kept = kept_sheet()
    assert {row["allocator"] for row in kept} == set(shown)
    for row in kept:
        figure = shown[row["allocator"]][row["input"]]
        if figure == "too slow":
            assert row["instructions"] == "", row
        else:
            assert abs(float(row["instructions"]) - int(figure)) <= 0.55, row


def test_the_gate_and_the_results_are_of_the_same_core():
    kept = json.loads(gate.FILE.read_text())["instructions"]
    for row in kept_sheet():
        if row["allocator"] in kept:
            figure = kept[row["allocator"]][row["input"]]
            assert float(row["instructions"]) == pytest.approx(figure, rel=0.03), row


def test_a_run_without_cargo_leaves_the_repositorys_tables_alone(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(build.BuildError, match="cargo is missing"):
        peers.binaries(lambda _: None)
    found, reasons = run.subjects()
    names = [s.name for s in found]
    assert names[:3] == list(run.LEVELS) and names[-1] == "glibc malloc"
    assert bench.folder(False, reasons) == bench.LOOKS
    assert bench.folder(True, {}) == bench.LOOKS
    assert bench.folder(False, {}) == bench.RESULTS
    assert bench.folder(False, {"talc": "does not build"}) == bench.RESULTS


def test_what_is_missing_takes_one_line_on_a_narrow_terminal_too():
    said = io.StringIO()
    bench.report_missing(Console(file=said, width=40), {run.ALL_PEERS: "cargo " * 20})
    assert said.getvalue().count("\n") == 1


def test_tables_without_peers_name_none():
    ours = FIGURES | {
        "machine": FIGURES["machine"] | {"rustc": "none"},
        "missing": {run.ALL_PEERS: "cargo is missing"},
    }
    text = tables.document(ours)
    assert "Peers: none.\n" in text
    assert "Not measured: all peers: cargo is missing\n" in text


def test_every_allocator_has_a_row_of_worst_cases():
    """As in the table of instructions: README.md puts the two together by name."""
    averages, worst_cases = (
        [row[0] for row in cells(make(FIGURES))] for make in (tables.instructions, tables.worst)
    )
    assert averages == worst_cases


def test_a_peer_that_was_cut_short_is_called_too_slow():
    slow = FIGURES | {"worst": FIGURES["worst"] | {"talc": None}}
    rows = {row[0]: row for row in cells(tables.worst(slow))}
    assert set(rows["talc"][1:]) == {"too slow"}
    assert set(rows["glibc malloc"][1:]) == {"–"}


def test_on_a_busy_machine_galloc_is_timed_in_each_round(monkeypatch):
    """All ratios are to it; a peer that takes long is timed in the first round only."""
    monkeypatch.setattr(run, "driver", lambda *_: [{"ns": 30.0}])
    monkeypatch.setattr(run, "SLOW", -1.0)
    plan = dataclasses.replace(run.QUICK, inputs=("R64",), rounds=3)
    found = [run.Subject(name, "", None, None) for name in (run.OURS, "talc")]
    table = run.nanoseconds(found, dict.fromkeys((run.OURS, "talc"), {"R64": 1}), plan, print)
    assert {s: row["R64"] for s, row in table.items()} == dict.fromkeys(
        table, {"ns": 30.0, "ratio": 1.0}
    )


# --- The configuration guide


@pytest.mark.parametrize("limit", guide.LIMITS)
@pytest.mark.parametrize("region", guide.REGIONS)
@pytest.mark.parametrize("asked", [(48, 4), (20, 8), (22, 2), (40, 3), (300, 2), (10, 17)])
def test_the_guide_knows_what_a_heap_makes_of_a_configuration(asked, region, limit):
    binary = guide.binary_for(limit)

    def control(bins: int, subs: int) -> int:
        settings = {"BENCH_SMALLBINS": str(bins), "BENCH_SUB_BINS": str(subs)}
        return measure.driver(binary, "control", str(region), settings=settings)[0]["control"]

    given = guide.given(*asked, limit, region)
    more = given[0] + 1, given[1]
    assert control(*asked) == control(*given)
    assert given[0] == asked[0] or control(*more) == control(*given)


@pytest.mark.parametrize("limit", guide.LIMITS)
def test_a_region_serves_the_same_program_with_each_number_of_bins(limit):
    """No bin is lost to the map: lua's peak fits into not much more than itself."""
    fit = measure.driver(guide.binary_for(limit), "fit", str(measure.traces()["lua"]))[0]
    assert fit["peak"] < fit["smallest"] < 1.25 * fit["peak"]


def test_the_original_needs_more_bins():
    assert guide.given(*guide.ORIGINAL) != guide.ORIGINAL
    assert guide.given(*guide.ORIGINAL, 256) == guide.ORIGINAL
    assert (*guide.DEFAULT, guide.CONSTANTS["BINS"]) in guide.configurations()


def row_of(bins: int, r64: float, control: int, limit: int = 64) -> dict:
    controls = dict.fromkeys(map(str, guide.REGIONS), control)
    counted = dict.fromkeys(guide.COUNTED, 100.0) | {"R64": r64}
    return {"smallbins": bins, "sub_bins": 2, "limit": limit, "control": controls} | counted


def test_a_recommendation_takes_the_fewest_instructions_within_its_share():
    rows = [row_of(4, 150, 200), row_of(16, 100, 250), row_of(20, 90, 300)]
    rows.append(row_of(48, 80, 240, 128))
    assert guide.recommended(rows, 16384)["smallbins"] == 16
    assert guide.recommended(rows, 65536)["smallbins"] == 20
    with pytest.raises(measure.MeasureError):
        guide.recommended(rows[2:], 16384)


# --- The bounded search


def test_the_share_of_missed_requests_is_given_by_alignment():
    rows = [
        {"over_aligned": False, "requests": 1000, "missed": 0},
        {"over_aligned": True, "requests": 1000, "missed": 1},
        {"over_aligned": True, "requests": 1000, "missed": 2},
    ]
    assert bounded.advice(rows) == (
        "At the default alignment 0 of 1,000 requests were missed; in the loads with larger "
        "alignments 0.1000 to 0.2000 % of the requests."
    )


# --- The figures that are quoted elsewhere


def test_the_design_page_quotes_the_results():
    """The instructions at each level of hardening."""
    kept = {(r["allocator"], r["input"]): r["instructions"] for r in kept_sheet()}
    text = (build.CORE / "DESIGN.md").read_text().partition("## Hardening\n")[2]
    head, _, *rows = cells(text.partition("\n- ")[0])
    names = {str(level): name for name, level in run.LEVELS.items()}
    assert len(rows) == len(names)
    for row in rows:
        figures = dict(zip(head[2:], row[2:], strict=True))
        assert figures == {what: kept[names[row[0][0]], what] for what in figures}
