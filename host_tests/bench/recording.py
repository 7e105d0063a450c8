"""What recording costs: instructions of calls on an emulated Cortex-M3, while galloc.record() is
at work, while it is off, and in a build without it.

    python -m host_tests.bench.recording

Writes results/recording.md.
"""

import ast
import sys
from pathlib import Path

from galloc_mp.targets import find_spec
from galloc_mp.targets.qemu import QemuTarget
from host_tests.tools.natmods import build_natmod

RESULT = Path(__file__).with_name("results") / "recording.md"
COUNTED = ("-icount", "shift=10,sleep=off")
# SysTick on MPS2: 25 MHz, and 2**10 ns an instruction.
SCRIPT = """
import galloc, gc
from machine import mem32
heap = galloc.Heap(0x20000000, 8192)  # memory that nobody else uses, at one place in all builds
malloc, free, realloc = heap.malloc, heap.free, heap.realloc
ring = bytearray(64 + 8 * 2000)
gc.collect()
gc.disable()
mem32[0xE000E014] = 0xFFFFFF
mem32[0xE000E010] = 5
def ticks(work, n):
    a = mem32[0xE000E018]
    work(n)
    return a - mem32[0xE000E018] & 0xFFFFFF
def pair(n):
    for _ in range(n): free(malloc(64))
def aligned(n):
    for _ in range(n): free(malloc(64, 64))
def same(n):
    for _ in range(n): realloc(kept, 64)
def each(work, n=50):
    ticks(work, 2)
    few = ticks(work, n)
    return round((ticks(work, 2 * n) - few) * 5 / 128 / n, 1)
kept = malloc(64)
counts = []
for work in (pair, aligned, same):
    off = each(work)
    on = off
    if hasattr(galloc, "record"):
        galloc.record(ring)
        on = each(work)
        galloc.record(None)
    counts.append((off, on))
print(counts)
"""
CALLS = (
    ("free(malloc(64))", 2),
    ("free(malloc(64, 64))", 2),
    ("realloc(handle, 64), in place", 1),
)


class Board(QemuTarget):
    """A stock board with one build of the native module; None: the module is built in."""

    def __init__(self, folder: Path | None):
        super().__init__(find_spec("MPS2_AN385-natmod" if folder else "MPS2_AN385"), COUNTED)
        self.folder = folder

    def _prepare(self):
        self.has_files = False
        for name in ("_galloc.mpy", "galloc.mpy", "galloc_more.mpy") if self.folder else ():
            self.put(name, (self.folder / name).read_bytes())


def measure(folder: Path | None) -> list[tuple[float, float]]:
    """Instructions of each of CALLS, while recording is off and on."""
    with Board(folder) as board:
        return ast.literal_eval(board.exec(SCRIPT))


def main() -> int:
    """See the module."""
    builds = {
        "user C module": measure(None),
        "native module": measure(build_natmod("armv7m")),
        "native module, GALLOC_RECORD=0": measure(
            build_natmod("armv7m", variant="-norecord", defines="GALLOC_RECORD=0")
        ),
    }
    without = builds["native module, GALLOC_RECORD=0"]
    rows = [
        "| build | calls | off | recording | more, each call |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for build, counts in builds.items():
        for (call, count), (off, on) in zip(CALLS, counts, strict=True):
            more = (
                f"{(on - off) / count:.1f}" if build != "native module, GALLOC_RECORD=0" else "–"
            )
            rows.append(f"| {build} | `{call}` | {off:.0f} | {on:.0f} | {more} |")
    idle = [
        (off - bare) / count
        for (off, _), (bare, _), (_, count) in zip(
            builds["native module"], without, CALLS, strict=True
        )
    ]
    text = "\n".join(
        [
            "# What recording costs",
            "",
            "Instructions on an emulated Cortex-M3 (MPS2_AN385), from Python, loop included.",
            "",
            *rows,
            "",
            f"Built in and off it costs up to {max(idle):.1f} instructions a call.",
            "",
        ]
    )
    RESULT.write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
