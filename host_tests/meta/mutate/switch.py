"""A text of the core that holds all mutants: which one it is, is chosen when a program starts.

So the core is compiled once for all of them. What is outside of functions cannot be chosen so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from .mutants import Mutant

VARIABLE = "GALLOC_MUTANT"  # of the environment: the number of a mutant
CHOICE = f"""#include <stdlib.h>
static unsigned galloc_mutant;
__attribute__((constructor)) static void galloc_choose(void) {{
    const char *number = getenv("{VARIABLE}");
    galloc_mutant = number ? (unsigned)strtoul(number, NULL, 10) : 0;
}}
"""


def can_switch(mutant: Mutant) -> bool:
    """Whether a mutant can be chosen at run time."""
    return mutant.function != "-"


def with_all(source: bytes, mutants: Iterable[tuple[int, Mutant]]) -> bytes:
    """One file with its mutants, given with their numbers, from 1."""
    places: dict[tuple[int, int], list[tuple[int, Mutant]]] = defaultdict(list)
    for number, mutant in mutants:
        places[mutant.outer].append((number, mutant))
    # Outer ones before the inner ones that start with them.
    order = sorted(places, key=lambda place: (place[0], -place[1]))
    text, after = enclosed(source, places, order, 0, 0, len(source))
    assert after == len(order)
    return text


def enclosed(
    source: bytes, places: dict, order: list, index: int, start: int, end: int
) -> tuple[bytes, int]:
    """The text from start to end with what lies in it, from place number `index` on."""
    text = b""
    while index < len(order) and order[index][1] <= end:
        first, last = place = order[index]
        text += source[start:first]
        inner, index = enclosed(source, places, order, index + 1, first, last)
        text += choice(source, place, places[place], inner)
        start = last
    return text + source[start:end], index


def choice(source: bytes, place: tuple[int, int], mutants: list, inner: bytes) -> bytes:
    """An expression or statement with its mutants."""
    first, last = place
    for number, mutant in mutants:
        changed = source[first : mutant.start] + mutant.text.encode() + source[mutant.end : last]
        if mutant.kind == "removal":
            inner = b"{ if (galloc_mutant != %d) %b }" % (number, inner)
        else:
            inner = b"(galloc_mutant == %d ? (%b) : (%b))" % (number, changed, inner)
    return inner


def write_all(core: Path, mutants: Iterable[tuple[int, Mutant]]) -> None:
    """Puts the mutants into the files of a copy of the core."""
    files: dict[str, list[tuple[int, Mutant]]] = defaultdict(list)
    for number, mutant in mutants:
        files[mutant.file].append((number, mutant))
    for name, held in files.items():
        path = core / name
        path.write_bytes(with_all(path.read_bytes(), held))
