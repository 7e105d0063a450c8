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


def test_results_have_a_row_for_each_board():
    figures = json.loads((HERE / "results" / "targets.json").read_text())
    assert list(figures) == [m.board for m in MACHINES]
    _, rows = tables.summary(figures)
    assert [row[0] for row in rows] == [m.core for m in MACHINES]
    assert all(int(number) > 0 for row in rows for number in row[1:])
    assert (HERE / "results" / "targets.md").read_text() == tables.document(figures)
