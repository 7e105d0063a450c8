"""Instructions on the boards: short runs on one of them, and the tables that lie in results/."""

import json

import pytest

from host_tests.bench.build import HERE
from host_tests.bench.targets import from_python, images, tables
from host_tests.bench.targets.__main__ import measure_image
from host_tests.bench.targets.machines import MACHINES

(M3,) = (m for m in MACHINES if m.board == "MPS2_AN385")
SHORT = 2000
SUBJECTS = [
    s for s in images.subjects(M3) if s.name in ("galloc, -O2", "newlib malloc", "m_malloc")
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
    assert ("worst" in row) == subject.ours
    assert all(most > 0 for most in row.get("worst", {}).values())


def test_counts_repeat_exactly():
    image = images.compile_image(M3, SUBJECTS[1])
    assert images.run(M3, image, "R64", limit=SHORT) == images.run(M3, image, "R64", limit=SHORT)


def test_calls_from_python_are_counted():
    told = from_python.run(M3, sizes=(64,))
    assert len(told) == 6
    assert all(count > 0 for count in told.values())


FIGURES = json.loads((HERE / "results" / "targets.json").read_text())


def test_results_have_a_row_for_each_board():
    assert list(FIGURES) == [m.board for m in MACHINES]
    head, rows = tables.summary(FIGURES)
    assert [row[0] for row in rows[:-1]] == [m.core for m in MACHINES]
    for row in rows[:-1]:
        assert all(float(cell.partition(" ")[0]) > 0 for cell in row[1:]), row
    goal = dict(zip(head, rows[-1], strict=True))
    assert goal["÷ galloc -O2"] == "1.5"
    assert goal["worst small alloc, -O2"] == "150"
    assert (HERE / "results" / "targets.md").read_text() == tables.document(FIGURES)


def test_the_boards_goals_have_their_verdicts():
    found = tables.verdicts(FIGURES)
    assert sorted({v.goal for v in found}) == [1.5, 150]
    assert {v.at_least for v in found if v.goal == 1.5} == {True}


def test_a_full_region_has_its_room_in_holes():
    """MicroPython's search walks over what is taken; room in one piece would be found at once."""
    empty, full = (
        measure_image(M3, subject, SHORT)["inputs"]["R64n"] for subject in images.MICROPYTHON
    )
    assert tables.average(full, "alloc") > 2 * tables.average(empty, "alloc")
