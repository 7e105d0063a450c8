"""The machinery notices mistakes, and leaves alone what is none.

`make verify WHAT=mutate` tries all mutants.
"""

from __future__ import annotations

import pytest

from . import mutants as found
from .survivors import read_reasons
from .trial import KILLED, SAME, SURVIVED, Bench

# One of each kind, in as many files; what must come of it.
KNOWN = {
    "galloc.c merge_here: size [+= -> -=] index - prev;": (KILLED,),
    "galloc.c count_free: add_to_pair(&heap->slack, payload_bytes(size), [1 -> 0]);": (KILLED,),
    "galloc.c fault_at: if (offset % [8u -> 9u] != 0) {": (KILLED,),
    "chunk.h limit_of: return total / 4u - [2u -> 1u] - GALLOC_ORIGIN / 4u - 3u;": (KILLED,),
    # Both sides are the same for the value that is equal.
    "galloc.c galloc_overhead: size = size [< -> <=] sizeof(galloc_heap_t) ? "
    "sizeof(galloc_heap_t) : size;": (SURVIVED, SAME),
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
