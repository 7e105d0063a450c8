"""Replays the inputs that fuzzing has found worth keeping."""

from __future__ import annotations

import pytest

from .campaign import (
    REPLAY,
    REPLAY_BANKS,
    REPLAY_SMALL,
    bank_inputs,
    replay,
    seed_inputs,
    unpack,
)


@pytest.mark.parametrize("variant", [REPLAY, REPLAY_SMALL], ids=str)
def test_corpus(variant, tmp_path):
    """Each input of the corpus passes under AddressSanitizer and UBSan."""
    files = unpack(tmp_path)
    assert len(files) >= 20, (
        "the corpus is nearly empty; fill it by make verify WHAT=fuzz MINIMISE=1"
    )
    assert replay(files, variant).startswith(f"{len(files)} files, ")


def test_seeds(tmp_path):
    """The inputs that a campaign starts from do thousands of operations."""
    seed_inputs(tmp_path)
    summary = replay(sorted(tmp_path.iterdir()))
    assert int(summary.split()[2]) > 1000, summary


def test_banks(tmp_path):
    """The same for sets of banks."""
    bank_inputs(tmp_path, 64)
    summary = replay(sorted(tmp_path.iterdir()), REPLAY_BANKS)
    assert int(summary.split()[2]) > 5000, summary
