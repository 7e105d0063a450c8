"""How mutants ended, kept in build/ for a later run; good for one text of their file."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping

from ...core.build import CORE, ROOT
from .mutants import Mutant
from .trial import Outcome

FILE = ROOT / "build" / "host_tests" / "mutate-record.json"


@functools.cache
def digest(name: str) -> str:
    """Names the text of a file of the core."""
    return hashlib.sha256((CORE / name).read_bytes()).hexdigest()[:16]


def load() -> dict[str, list[str]]:
    """The record: digest, end and run by key."""
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def keep(results: Mapping[Mutant, Outcome]) -> None:
    """Adds to the record."""
    held = load()
    for mutant, outcome in results.items():
        held[mutant.key] = [digest(mutant.file), outcome.end, outcome.by]
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(held, indent=0))


def read(mutants: Iterable[Mutant]) -> dict[Mutant, Outcome]:
    """What is known of these mutants."""
    held, known = load(), {}
    for mutant in mutants:
        text, *outcome = held.get(mutant.key, ("", "", ""))
        if text == digest(mutant.file):
            known[mutant] = Outcome(*outcome)
    return known
