"""Instructions on the boards: short runs on one of them, and the tables in results/."""

import threading

import pytest

from host_tests.bench.build import HERE
from host_tests.bench.targets import board_tables, from_python, images
from host_tests.bench.targets.__main__ import measure_image
from host_tests.bench.targets.machines import MACHINES

(M3,) = (m for m in MACHINES if m.board == "MPS2_AN385")
SHORT = 2000
SUBJECTS = [
    s
    for s in images.subjects(M3)
    if s.name in ("galloc, -O2", "newlib malloc", "FreeRTOS heap_4", "m_malloc")
]


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda s: s.adapter)
def test_every_input_is_counted(subject):
    """In the image payload is marked and verified; a run in which that fails raises."""
    row = measure_image(M3, subject, SHORT)
    assert set(row["inputs"]) == set(subject.inputs) - {"worst"}
    for what, found in row["inputs"].items():
        assert sum(found[kind][0] for kind in images.KINDS if kind in found) == SHORT, what
        for kind in ("alloc", "free"):
            calls, total, most = found[kind]
            assert 0 < total / calls <= most, (what, kind)
    assert ("worst" in row) == ("worst" in subject.inputs)
    assert all(most > 0 for most in row.get("worst", {}).values())


def test_counts_repeat_exactly():
    image = images.compile_image(M3, SUBJECTS[1])
    assert images.run(M3, image, "R64", limit=SHORT) == images.run(M3, image, "R64", limit=SHORT)


def test_calls_from_python_are_counted():
    counted = from_python.run(M3, sizes=(64,))
    assert len(counted) == 6
    assert all(count > 0 for count in counted.values())


RESULTS = (HERE / "results" / "targets.md").read_text()


def section(title: str) -> list[list[str]]:
    """The table below a heading of results/targets.md."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in RESULTS.partition(f"## {title}\n")[2].partition("\n## ")[0].splitlines()
        if line.startswith("|")
    ]


def test_results_have_a_row_for_each_board():
    _, _, *rows = section("Summary")
    assert [row[0] for row in rows] == [m.core for m in MACHINES]
    for row in rows:
        assert all(float(cell.partition(" ")[0]) > 0 for cell in row[1:]), row


def test_results_have_all_levels_and_peers_of_the_boards_in_detail():
    detailed = [m.core for m in MACHINES if m.processor]
    _, _, *rows = section("Cortex-M3 and M0+ at a glance")
    assert [row[:2] for row in rows] == [
        [core, name] for core in detailed for name in board_tables.OVERVIEW
    ]
    _, _, *rows = section("Levels of hardening")
    assert len(rows) == len(detailed) * len(images.OURS)
    head, _, *rows = section("Longest time with interrupts masked")
    assert head[1:] == detailed
    assert all(int(cell.replace(",", "")) > 50 for row in rows for cell in row[1:])


def test_traces_are_never_there_in_part(tmp_path):
    """Builds beside each other write the same files, and others read them meanwhile."""
    file = tmp_path / "traces.s"
    texts = {bytes([65 + n]) * 200_000 for n in range(4)}
    images._write_whole(file, min(texts))
    writers = [
        threading.Thread(target=lambda t=t: [images._write_whole(file, t) for _ in range(50)])
        for t in texts
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert file.read_bytes() in texts
    assert [p.name for p in tmp_path.iterdir()] == ["traces.s"]


def test_a_full_region_has_its_room_in_holes():
    """MicroPython's search walks over what is taken; room in one piece would be found at once."""
    empty, full = (
        measure_image(M3, subject, SHORT)["inputs"]["R64n"] for subject in images.MICROPYTHON
    )
    assert board_tables.average(full, "alloc") > 2 * board_tables.average(empty, "alloc")
