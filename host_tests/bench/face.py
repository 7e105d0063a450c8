"""Instructions of the calls that Python programs make most: on the unix port by callgrind, with
galloc built in and as a native module, and on a board in QEMU.

python -m host_tests.bench.face [--write]

A figure is what one turn of a loop takes with the call in it, less one without. All names in the
loop are local variables. Fails when a figure is above its limit, or more than 3 % above that of
face.json; with --write the file is written instead.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from galloc_mp.targets import find_spec

from .measure import MeasureError
from .targets import from_python
from .targets.machines import MACHINES

FILE = Path(__file__).with_name("face.json")
GROWTH = 1.03
TURNS = 1000
TARGETS = ("unix", "unix-natmod")

# What is done before the loop, what in it, and the most instructions it may take.
CALLS = {
    "h.free(h.malloc(64))": ("pass", 900),
    "free(malloc(64))": ("malloc, free = h.malloc, h.free", 600),
    "h.alloc(64).free()": ("pass", 1200),
    "h.get32(p, 1)": ("pass", 350),
    "b[3]": ("pass", 160),
}
# The same of a board, where the methods are local names. MicroPython's own call that gives as many
# bytes must take more, with its share of collections. SysTick counts in steps, so a count may be
# off by a few.
BOARD = "MPS2_AN385"
ON_BOARD = {"h.free(h.malloc(64))": 485, "h.alloc(64).free()": None}
OWN = "bytearray(64)"

SCRIPT = """
import galloc
heap = galloc.Heap(bytearray(65536))
def work(h, p, b):
    {before}
    for _ in range({turns}):
        {call}
work(heap, heap.malloc(64), heap.alloc(64))
"""


class FaceError(Exception):
    """Nothing was counted; the message says why."""


def instructions(target: str, before: str, call: str, turns: int) -> int:
    """Of a whole process."""
    spec = find_spec(target)
    environment = {**os.environ, "MICROPYPATH": str(spec.natmod_dir) if spec.natmod else ".frozen"}
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(SCRIPT.format(before=before, call=call, turns=turns))
        script.flush()
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        command += [spec.image, "-X", "heapsize=8M", script.name]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        raise FaceError(f"{target}, {call}: {done.stderr.strip()[-300:]}")
    return int(found[1])


def turn(target: str, before: str, call: str) -> float:
    """Of one turn: the start and the end of the process are in both counts."""
    more, fewer = (instructions(target, before, call, n * TURNS) for n in (2, 1))
    return (more - fewer) / TURNS


Figures = dict[str, dict[str, int]]


def figures() -> Figures:
    """Instructions by target and call. Raises FaceError."""
    found = {}
    for target in TARGETS:
        empty = turn(target, "pass", "pass")
        found[target] = {
            call: round(turn(target, before, call) - empty) for call, (before, _) in CALLS.items()
        }
    (machine,) = (m for m in MACHINES if m.board == BOARD)
    try:
        counts = from_python.run(machine, (64,))
    except MeasureError as error:
        raise FaceError(str(error)) from None
    found[BOARD] = {call: counts[call] for call in (*ON_BOARD, OWN)}
    return found


def most(target: str, call: str, counts: dict[str, int]) -> int | None:
    """The limit of a call; None: there is none."""
    if target != BOARD:
        return CALLS[call][1]
    return None if call == OWN else ON_BOARD[call] or counts[OWN]


def above(kept: Figures, now: Figures) -> list[str]:
    """A line for each call that takes too many."""
    lines = []
    for target, counts in now.items():
        for call, count in counts.items():
            at_most = most(target, call, counts)
            if at_most is None:
                continue
            limit = min(at_most, kept.get(target, {}).get(call, at_most) * GROWTH)
            if count > limit:
                lines.append(
                    f"{target}, {call}: {count} instructions, at most {limit:.0f} are allowed"
                )
    return lines


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m host_tests.bench.face")
    parser.add_argument("--write", action="store_true", help="write the file instead")
    options = parser.parse_args(arguments)
    try:
        now = figures()
    except FaceError as error:
        print(f"face: {error}", file=sys.stderr)
        return 1
    for target, counts in now.items():
        for call, count in counts.items():
            at_most = most(target, call, counts)
            print(
                f"face: {target}, {call}: {count}" + (f" of at most {at_most}" if at_most else "")
            )
    if options.write:
        FILE.write_text(json.dumps(now, indent=2) + "\n")
        return 0
    lines = above(json.loads(FILE.read_text()), now)
    for line in lines:
        print(f"face: {line}; `--write` accepts more than in {FILE.name}", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
