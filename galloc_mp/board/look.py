"""Looks at the shared heaps of a board."""

import ast
import contextlib
from binascii import a2b_base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from galloc_mp.core import Stats
from galloc_mp.targets import Target, TargetError

ON_BOARD = Path(__file__).with_name("on_look.py")
NAMES = ("__galloc_heap", "__galloc_regions", "__galloc_look", "__galloc_dump")

Region = int | str | None
"""Number or attributes of a region, as galloc.heap() takes them."""


@dataclass
class Look:
    """The heap at one moment."""

    stats: Stats
    address: int
    size: int
    """Bytes of the region."""
    c_share: tuple[int, int]
    """Blocks and bytes that C modules hold."""
    chunks: list[tuple[int, int, bool]]
    """Payload offset, usable bytes and whether it is live, of each chunk."""


class Looker:
    """A board to look at again and again. Leaves no name there at its end."""

    def __init__(self, board: Target):
        self.board = board
        board.exec(ON_BOARD.read_bytes())

    def __enter__(self) -> "Looker":
        return self

    def __exit__(self, *_) -> None:
        with contextlib.suppress(TargetError):
            self.board.exec("".join(f"del {name}\n" for name in NAMES))

    def regions(self) -> list[tuple[str, str, bool]]:
        """Name and attributes of each region of the board, and whether it has a heap."""
        return ast.literal_eval(self.board.exec("__galloc_regions()").strip())

    def look(self, region: Region = None) -> Look:
        """The shared heap as it is. Raises TargetError where there is none."""
        head, *lines = self.board.exec(f"__galloc_look({region!r})").splitlines()
        answer = ast.literal_eval(head)
        if isinstance(answer, str):
            raise TargetError(f"{self.board.name}: {answer}")
        stats, (address, size), share = answer
        pairs = [[int(word, 16) for word in line.split()] for line in lines]
        chunks = [(offset, length & ~1, bool(length & 1)) for offset, length in pairs]
        return Look(Stats(*stats[: len(Stats._fields)]), address, size, share, chunks)

    def dump(self, size: int, report: Callable[[int], object], region: Region = None) -> bytes:
        """All bytes of the region, `size` of them. report: called with how many have come."""
        data, text = bytearray(), bytearray()

        def take(piece: bytes) -> None:
            text.extend(piece)
            whole = text.rfind(b"\n") + 1
            for line in bytes(text[:whole]).split():
                data.extend(a2b_base64(line))
            del text[:whole]
            report(len(data))

        self.board.stream(f"__galloc_dump({region!r})", take)
        if len(data) != size:
            raise TargetError(f"{self.board.name}: {len(data)} of {size} bytes of the heap came")
        return bytes(data)
