"""Reads what gcov says and adds it up by line and branch of the sources."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Source:
    """One file: how often each line ran, and each way out of each line's branches.

    Builds may compile a line to more branches or fewer, so a way is its line, how many there are,
    and which of them it is.
    """

    lines: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    branches: dict[tuple[int, int, int], int] = field(default_factory=lambda: defaultdict(int))

    def missed_lines(self) -> list[int]:
        """Numbers of the lines that never ran."""
        return sorted(line for line, count in self.lines.items() if count == 0)

    def missed_branches(self) -> list[tuple[int, int, int]]:
        """Line, ways and number of each way that was never taken, in lines that ran."""
        return sorted(
            place
            for place, count in self.branches.items()
            if count == 0 and self.lines.get(place[0], 0)
        )


def read(folders: Iterable[Path], wanted: Path) -> dict[str, Source]:
    """The files of `wanted` that the objects in the folders were made of.

    A function of a header has a copy in each object; the copies are added up, for they are one
    source. Raises subprocess.CalledProcessError when gcov fails.
    """
    sources: dict[str, Source] = defaultdict(Source)
    for notes in sorted(path for folder in folders for path in folder.glob("*.gcno")):
        output = subprocess.run(
            ["gcov", "--branch-probabilities", "--json-format", "--stdout", notes.name],
            cwd=notes.parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for document in output.splitlines():
            add(sources, json.loads(document), wanted)
    return dict(sorted(sources.items()))


def add(sources: dict[str, Source], document: dict, wanted: Path) -> None:
    """Adds one object's figures."""
    for file in document["files"]:
        path = Path(document["current_working_directory"], file["file"]).resolve()
        if path.parent != wanted:
            continue
        source = sources[path.name]
        for line in file["lines"]:
            number = line["line_number"]
            source.lines[number] += line["count"]
            ways = line["branches"]
            for index, way in enumerate(ways):
                source.branches[number, len(ways), index] += way["count"]
