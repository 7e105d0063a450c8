"""Draws region.png: a small heap as it really is, its chunks, a header, and the bins.

python host_tests/tools/picture/draw.py [FILE]
"""

import ast
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, Rectangle

from galloc_mp.targets import open_target

SIZE, SMALLBINS = 1024, 4
# Blocks of these bytes, of which every other one is freed: holes for three bins and the top.
SCRIPT = f"""
import galloc
h = galloc.Heap(bytearray({SIZE}), smallbins={SMALLBINS}, sub_bins=2)
blocks = [h.malloc(n) for n in (60, 20, 44, 28, 36, 76, 12, 20, 52)]
for i in (1, 3, 5, 7):
    h.free(blocks[i])
h.check()
print(list(h.walk()))
"""
LIVE, FREE, CONTROL, BIN, LINE = "#3b7dd8", "#eef0f2", "#c9a227", "#f2e7c4", "#333333"


def chunks() -> list[tuple[int, int, bool]]:
    """Payload offset, usable bytes, live or not, of each chunk in the heap that is drawn."""
    with open_target("unix", build=True) as target:
        return ast.literal_eval(target.exec(SCRIPT))


def box(axes, x, y, width, height, colour, text="", size=8, ink="black", **more):
    """A rectangle with text in its middle."""
    axes.add_patch(
        Rectangle((x, y), width, height, facecolor=colour, edgecolor=LINE, linewidth=0.8, **more)
    )
    axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", size=size, color=ink)


def region(axes, found) -> dict[int, tuple[float, int]]:
    """The bar of the whole region; where the middle of each free chunk is, and its bytes."""
    box(
        axes,
        0,
        70,
        found[0][0] - 4,
        12,
        CONTROL,
        "control block:\ncounters, roots,\nbitmap, bins",
        8,
    )
    holes = {}
    for offset, size, live in found:
        x, width = offset - 4, size + 4
        box(axes, x, 70, width, 12, LIVE if live else FREE)
        axes.add_patch(Rectangle((x, 70), 4, 12, facecolor=LINE, edgecolor=LINE))
        ink = "white" if live else "black"
        axes.text(x + 2 + width / 2, 76, size, ha="center", va="center", size=8, color=ink)
        if not live:
            holes[offset] = x + width / 2, width
    end = found[-1][0] + found[-1][1]
    axes.add_patch(Rectangle((end, 70), 4, 12, facecolor=LINE, edgecolor=LINE))
    axes.text(
        0, 84, f"A region of {SIZE} bytes, to scale: live blocks blue, free chunks grey, with the "
        "bytes of their payload; each header of 4 bytes black.", size=9,
    )  # fmt: skip
    return holes


def bins(axes, holes) -> None:
    """The large bins and the smallbins, with an arrow to each free chunk."""
    places = {}
    halves = ((48, 56), (64, 88), (96, 120), (128, 184), (192, 248), (256, 376), (384, 504))
    for at, (low, high) in enumerate(halves):
        left = at * 87
        box(axes, left, 44, 83, 8, BIN, f"{low}…{high}", 8)
        places.update((size, {0: left + 41, 8: left + 41}) for size in range(low, high + 8, 8))
    axes.text(302, 42, "large bins: half an octave each, sorted by size as a trie,\n"
              "so that a search is exact", size=8, ha="center", va="top")  # fmt: skip
    for at in range(SMALLBINS):
        size = 16 + 8 * at
        for sub, kind in enumerate(("8", "16+")):
            box(axes, 630 + at * 98 + sub * 46, 44, 46, 8, BIN, f"{size}\nat {kind}", 7)
        places[size] = {8: 653 + at * 98, 0: 699 + at * 98}
    axes.text(630 + 193, 42, "smallbins: one size each, in sub-bins by the\nalignment of the "
              "payload; a list each", size=8, ha="center", va="top")  # fmt: skip
    for offset, (middle, size) in holes.items():
        axes.add_patch(
            FancyArrowPatch(
                (places[size][offset % 16], 52.2), (middle, 69.6), arrowstyle="-|>",
                mutation_scale=9, color="#8a5a00", linewidth=0.9, zorder=0,
            )
        )  # fmt: skip


def chunk_words(axes) -> None:
    """What the words of a live and of a free chunk are."""
    axes.text(0, 29, "a live chunk")
    box(axes, 110, 26.5, 90, 6, LINE, "header", 8, "white")
    box(axes, 200, 26.5, 480, 6, LIVE, "payload, at a multiple of 8", 8, "white")
    axes.text(0, 19, "a free chunk")
    for at, name in enumerate(("header", "next", "up", "child", "child")):
        box(axes, 110 + at * 90, 16.5, 90, 6, LINE if not at else FREE, name, 8,
            "black" if at else "white")  # fmt: skip
    box(axes, 560, 16.5, 30, 6, FREE, "…", 8)
    box(axes, 590, 16.5, 90, 6, FREE, "tag", 8)
    axes.text(
        700, 19.5, "links and tag count 8-byte units\nfrom the start of the heap: no pointers;\n"
        "children in large chunks only", size=8, va="center",
    )  # fmt: skip
    axes.text(0, 9, "a header")
    for x, width, name in (
        (110, 220, "checksum: the bits that the size leaves"),
        (330, 200, "size in 8-byte units"),
        (530, 90, "previous in use"),
        (620, 60, "in use"),
    ):
        box(axes, x, 6.5, width, 6, "#dddddd", name, 8)
    axes.text(
        700, 9.5, '32 bits, on every target; "previous in use" is there twice', size=8, va="center"
    )


def draw(path: Path) -> None:
    """Writes the picture."""
    figure, axes = plt.subplots(figsize=(11, 7), layout="constrained")
    axes.set(xlim=(-8, SIZE + 8), ylim=(3, 90))
    axes.axis("off")
    bins(axes, region(axes, chunks()))
    chunk_words(axes)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("region.png"))
