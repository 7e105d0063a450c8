"""Shows a heap whose bytes `heap.dump(stream)` wrote, with the same core on this machine: they are
laid out alike on every target.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from galloc_mp.targets import TargetError, open_target

SCRIPT = """
import galloc


def attach(path):
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        room = memoryview(bytearray(size + 8))
        faults = []
        # A heap opens at the address that it had modulo 8, which the dump does not tell.
        for start in range(8):
            file.seek(0)
            file.readinto(room[start : start + size])
            try:
                return galloc.Heap.attach(room[start : start + size])
            except ValueError as error:
                faults.append(error.args[0])
    raise ValueError("corrupt" if "corrupt" in faults else "no heap of this size")


heap = attach(%r)
heap.info(1)
print("root:", *heap.root)
"""


def main(
    dump: Annotated[Path, typer.Argument(help="file that heap.dump(stream) wrote")],
    build: Annotated[bool, typer.Option(help="build the unix port first")] = False,
) -> None:
    """Opens the bytes of a heap, verifies them, and prints totals, map and root table.

    Ends with 1 when they are no sound heap, which it then says.
    """
    try:
        dump.open("rb").close()
        with open_target("unix", build=build) as target:
            print(target.exec(SCRIPT % str(dump.resolve())), end="")
    except OSError as error:
        _fail(f"{dump}: {error.strerror}")
    except TargetError as error:
        lines = (error.traceback or "").strip().splitlines()
        _fail(f"{dump}: {lines[-1]}" if lines else str(error))


def _fail(message: str) -> None:
    print(message, file=sys.stderr)
    raise typer.Exit(1)
