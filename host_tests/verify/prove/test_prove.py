"""One small proof, and that it bites; `make verify WHAT=prove` has the rest."""

from __future__ import annotations

import shutil

import pytest

from ...core.build import CORE
from .cbmc import CbmcMissing, Steps, find_cbmc, run_proof

UNITS = 4
SECONDS = 600  # far more than a proof takes, on a busy machine too


@pytest.fixture(scope="module")
def cbmc():
    """The command that starts CBMC."""
    try:
        return find_cbmc()
    except CbmcMissing as error:
        pytest.skip(str(error))


def prove_free(cbmc, core):
    """What is wrong with galloc_free on a heap of four units."""
    return run_proof(cbmc, Steps(UNITS, core).proof("free"), SECONDS)


def test_free_on_every_small_heap(cbmc):
    assert prove_free(cbmc, CORE) == []


def test_a_mistake_is_refuted(cbmc, tmp_path):
    """Without the boundary tag behind a free chunk, what galloc_free leaves is no sound heap."""
    core = tmp_path / "core"
    shutil.copytree(CORE, core)
    source = core / "galloc.c"
    right = "chunk_at(heap, next)->prev_foot = (uint32_t)index;"
    mistaken = source.read_text().replace(right, "chunk_at(heap, next)->prev_foot = 0;")
    assert mistaken != source.read_text(), "nothing to make a mistake of: choose another place"
    source.write_text(mistaken)
    wrong = prove_free(cbmc, core)
    assert any("the heap is sound" in text for text in wrong), wrong
