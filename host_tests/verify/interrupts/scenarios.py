"""The operations to interrupt: each way that each of them can go.

A scenario is a heap, steps that lead to it, and one operation. Steps and operation are words:
`alloc NAME SIZE [ALIGN]`, `zeroed NAME SIZE [ALIGN]`, `free NAME`, `realloc NAME SIZE [ALIGN]`,
`resize NAME SIZE`, and `fill [SIZE]`, which takes blocks of this size as long as there are any.
"""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("alloc", "alloc, over-aligned", "free", "resize", "realloc")


def kind_of(operation: str, aligned: bool) -> str:
    """Which of KINDS a request is. aligned: it asks for an alignment of its own."""
    return "alloc, over-aligned" if operation == "alloc" and aligned else operation


@dataclass(frozen=True)
class Scenario:
    """size: bytes of the region. bins: smallbins and sub-bins, 0 for the defaults."""

    name: str
    steps: tuple[str, ...]
    operation: str
    refused: bool = False
    size: int = 6144
    bins: tuple[int, int] = (0, 0)

    @property
    def kind(self) -> str:
        """The request, in a user's words."""
        verb, *words = self.operation.split()
        return kind_of("alloc" if verb == "zeroed" else verb, len(words) > 2)


def _row(*sizes: int) -> tuple[str, ...]:
    """Blocks a, b, c, ... of these sizes, with a small one between each two."""
    steps = []
    for index, size in enumerate(sizes):
        steps += [f"alloc {chr(97 + index)} {size}", f"alloc wall{index} 20"]
    return tuple(steps)


# Small blocks are cut from the high end of a free chunk, so `a` is the highest.
_THREE = ("alloc a 100", "alloc b 100", "alloc c 100", "alloc wall 20")
_LARGE = ("alloc a 400", "alloc b 400", "alloc c 400", "alloc wall 20")

SCENARIOS = (
    Scenario("alloc from an empty heap", (), "alloc x 40"),
    Scenario("alloc zeroed", (), "zeroed x 60"),
    Scenario("alloc of a large block", (), "alloc x 1500"),
    Scenario("alloc of an exact small chunk", (*_row(60, 60), "free a"), "alloc x 60"),
    Scenario("alloc that splits a small chunk", (*_row(200, 60), "free a", "fill"), "alloc x 20"),
    Scenario("alloc with slack", (*_row(60, 60), "free a", "fill"), "alloc x 52"),
    Scenario(
        "alloc of a large chunk that is not the first of its bin",
        (*_row(404, 420, 436, 500), "free c", "free a", "fill"),
        "alloc x 436",
    ),
    Scenario(
        "alloc from the next larger bin",
        (*_row(404, 420, 436, 620), "free a", "free d", "fill 700"),
        "alloc x 412",
    ),
    Scenario(
        "alloc by a search of the whole bin",
        (*_row(436, 404, 404, 404), "free a", "free b", "free c", "free d", "fill", "fill 440"),
        "alloc x 412",
    ),
    Scenario(
        "alloc of an exact large chunk", (*_row(404, 404), "free a", "free b"), "alloc x 404"
    ),
    Scenario("alloc refused", ("fill", "fill 12"), "alloc x 100", refused=True),
    Scenario("aligned alloc", (), "alloc x 100 64"),
    Scenario("aligned alloc that leaves two large chunks", (), "alloc x 300 1024"),
    Scenario(
        "aligned alloc from a sub-bin",
        (*_row(60, 60, 60, 60), "free a", "free c"),
        "alloc x 60 16",
    ),
    Scenario(
        "aligned alloc by a search of all chunks",
        (*_row(300, 60), "free a", "fill"),
        "alloc x 200 64",
    ),
    Scenario("aligned alloc refused", ("fill",), "alloc x 100 256", refused=True),
    Scenario("free between blocks", _THREE, "free b"),
    Scenario("free behind a free chunk", (*_THREE, "free a"), "free b"),
    Scenario("free in front of a free chunk", (*_THREE, "free c"), "free b"),
    Scenario("free between free chunks", (*_THREE, "free a", "free c"), "free b"),
    Scenario("free between large free chunks", (*_LARGE, "free a", "free c"), "free b"),
    Scenario("free of the last block", ("alloc a 100",), "free a"),
    Scenario("free of a large block", (*_row(1200, 60), "fill"), "free a"),
    Scenario("free into a bin with others", (*_row(404, 420, 436), "free a", "free c"), "free b"),
    Scenario(
        "double free",
        (*_THREE, "free b", "free c", "alloc y 204"),
        "free b",
        refused=True,
    ),
    Scenario("resize within slack", _THREE, "resize b 98"),
    Scenario("shrink before a block", _THREE, "resize b 20"),
    Scenario("shrink in front of a free chunk", (*_THREE, "free a", "fill"), "resize b 20"),
    Scenario("grow into a part of the next chunk", (*_THREE, "free a", "free c"), "resize b 140"),
    Scenario("grow into all of the next chunk", (*_THREE, "free a", "free c"), "resize b 204"),
    Scenario("grow refused", _THREE, "resize b 2000", refused=True),
    Scenario("realloc in place", (*_THREE, "free a", "free c"), "realloc b 150"),
    Scenario("realloc backward", (*_THREE, "free a", "free c", "fill"), "realloc b 290"),
    Scenario(
        "realloc backward to an alignment",
        (*_LARGE, "free a", "free c", "fill"),
        "realloc b 900 128",
    ),
    Scenario(
        "realloc backward by the chunk before alone", (*_THREE, "free c", "fill"), "realloc b 204"
    ),
    Scenario(
        "realloc that has grown in vain",
        (*_THREE, "free a", "free c", "fill"),
        "realloc b 290 1024",
        refused=True,
    ),
    Scenario("realloc elsewhere", _THREE, "realloc b 300"),
    Scenario("realloc to an alignment", _THREE, "realloc b 100 128"),
    Scenario("realloc shrinks", _THREE, "realloc b 12"),
    Scenario("realloc refused", (*_THREE, "fill"), "realloc b 3000", refused=True),
    Scenario("realloc of nothing", (), "realloc x 64"),
    Scenario(
        "two bins: free between free chunks", (*_THREE, "free a", "free c"), "free b", bins=(2, 2)
    ),
    Scenario(
        "two bins: alloc from a large bin",
        (*_row(60, 76, 92), "free a", "free b"),
        "alloc x 70",
        bins=(2, 2),
    ),
    Scenario("full heap: free", (*_THREE, "fill"), "free b", size=1400),
)
