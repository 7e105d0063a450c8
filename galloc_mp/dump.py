"""Shows a heap whose bytes `heap.dump(stream)` wrote, with the same core on this machine: they are
laid out alike on every target.
"""

from pathlib import Path
from typing import Annotated

import typer

from galloc_mp.core import Core, CoreError
from galloc_mp.replay.heap_map import draw
from galloc_mp.replay.report import console
from galloc_mp.say import fail

LARGEST = 64 << 20  # bytes of a file that is taken for a dump


def load(path: Path) -> Core:
    """The heap in a file. Raises CoreError that says what is wrong, OSError."""
    size = path.stat().st_size
    if size > LARGEST:
        raise CoreError(f"{path}: {size:,} bytes are more than any dump has")
    core = Core()
    try:
        core.open(path.read_bytes())
    except CoreError as error:
        raise CoreError(f"{path}: {error}") from None
    return core


def main(
    dump: Annotated[Path, typer.Argument(help="file that heap.dump(stream) wrote")],
) -> None:
    """Opens the bytes of a heap, verifies them, and prints totals, map and root table."""
    try:
        core = load(dump)
    except OSError as error:
        fail(f"{dump}: {error.strerror}")
    except CoreError as error:
        fail(str(error))
    out = console()
    show_heap(out, core.stats(), core.chunks(), dump.stat().st_size)
    out.print("root:", *core.root())


def show_heap(out, stats, chunks, size: int, address: int = 0) -> None:
    """Prints totals and map, in the manner of heap.info(1).

    stats: as of galloc_stats_t, with `fragmentation`. size, address: of the region, in
    bytes.
    """
    out.print(
        f"galloc: total: {stats.total}, used: {stats.used}, free: {stats.free}\n"
        f" No. of blocks: {stats.blocks}, free chunks: {stats.free_chunks}, max free sz: "
        f"{stats.largest}, peak used: {stats.peak_used}, overhead: {stats.overhead}\n"
        f" allocs: {stats.allocs}, frees: {stats.frees}, failures: {stats.failures}, "
        f"fragmentation: {stats.fragmentation:.3f}\n"
        f"galloc memory layout; from {address:x}:",
        soft_wrap=True,
    )
    plain = not (out.encoding or "").lower().startswith("utf")
    out.print(draw(chunks, size, plain=plain), soft_wrap=True)
