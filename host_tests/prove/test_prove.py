"""One small proof, and that it bites; `make prove` has the rest."""

from __future__ import annotations

import shutil

import pytest

from ..core.build import CORE
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
    """What is wrong with galloc_free on a heap of four units, with a block in the second half."""
    return run_proof(cbmc, Steps(cbmc, UNITS, core).proof("free", at=2), SECONDS)


def test_free_on_every_small_heap(cbmc):
    assert prove_free(cbmc, CORE) == []


def test_a_mistake_is_refuted(cbmc, tmp_path):
    """Without the tag at a free chunk's end, what galloc_free leaves is no sound heap."""
    core = tmp_path / "core"
    shutil.copytree(CORE, core)
    header = core / "chunk.h"
    mistaken = header.read_text().replace("->tag_before = link;", "->tag_before = 0;")
    assert mistaken != header.read_text(), "nothing to make a mistake of: choose another place"
    header.write_text(mistaken)
    wrong = prove_free(cbmc, core)
    assert any("the heap is sound" in text for text in wrong), wrong
