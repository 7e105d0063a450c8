"""The machinery bites, and leaves alone what is no mistake; `make mutate` tries all mutants."""

from __future__ import annotations

import pytest

from . import mutants as found
from .survivors import read_reasons
from .trial import KILLED, SAME, SURVIVED, TIMEOUT, Bench

# One of each kind, in as many files; what must come of it.
KNOWN = {
    "free.c galloc_free_live: galloc_detach(heap, link [- -> +] before, before);": (KILLED,),
    "bins.h galloc_unlink: [*galloc_word(heap, up) = next; -> ;]": (KILLED, TIMEOUT),
    "heap.c galloc_fault_of: if (offset % [8u -> 9u] != 0) {": (KILLED,),
    "realloc.c resize_chunk: [galloc_take_back(heap, link, size, next_size); -> ;]": (KILLED,),
    # No power of two lies between.
    "alloc.c galloc_alloc_sound: if (GALLOC_UNLIKELY(align > [8u -> 9u])) {": (SURVIVED, SAME),
}


@pytest.fixture(scope="module")
def everything() -> dict[str, found.Mutant]:
    """All mutants by key."""
    return {mutant.key: mutant for mutant in found.all_mutants()}


def test_keys_are_names(everything):
    """Each mutant has a key of its own, each reason is one of a mutant."""
    assert len(everything) == len(found.all_mutants()) > 1500
    unknown = sorted(set(read_reasons()) - set(everything))
    assert not unknown, f"no such mutants; mend reasons.toml: {unknown}"


def test_known_ends(everything, tmp_path):
    """Mistakes are seen; a change that is none is not."""
    chosen = [everything[key] for key in KNOWN]
    bench = Bench(chosen, tmp_path)
    for key, ends in KNOWN.items():
        outcome = bench.attempt(everything[key], "desk")
        assert outcome.end in ends, f"{key}: {outcome}"
