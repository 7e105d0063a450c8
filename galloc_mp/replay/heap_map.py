"""The map of a heap as text: like `micropython.mem_info(1)`, with a character for as many bytes as
make the whole fit a screen.
"""

from rich.text import Text

WIDTH = 64  # characters in a line
LINES = 24  # that are not all free, at most; as far as the units below reach
UNITS = [16 << n for n in range(20)]

# Share of live bytes, from none to all.
SHADES, PLAIN = "·░▒▓█", ".:-=#"
CONTROL, FREE = "C", "."
COLOURS = {"C": "magenta", "░": "green", "▒": "green", "▓": "green", "█": "bold green"}


def _fill(chunks: list[tuple[int, int, bool]], size: int, unit: int) -> list[float]:
    """Share of each unit that is in live blocks, headers included; -1 for control data."""
    live = [0] * -(-size // unit)
    control = chunks[0][0] - 4 if chunks else size
    for offset, length, allocated in chunks:
        if not allocated:
            continue
        at, end = offset - 4, min(offset + length, size)
        while at < end:
            step = min(end, (at // unit + 1) * unit)
            live[at // unit] += step - at
            at = step
    return [-1 if (i + 1) * unit <= control else share / unit for i, share in enumerate(live)]


def _lines(fill: list[float]) -> list[list[float]]:
    return [fill[i : i + WIDTH] for i in range(0, len(fill), WIDTH)]


def choose_unit(chunks: list[tuple[int, int, bool]], size: int) -> int:
    """Bytes a character: the fewest with which the lines that are not all free fit a screen."""
    for unit in UNITS:
        if sum(any(line) for line in _lines(_fill(chunks, size, unit))) <= LINES:
            return unit
    return UNITS[-1]


def draw(
    chunks: list[tuple[int, int, bool]], size: int, *, unit: int = 0, plain: bool = False
) -> Text:
    """The map of a region of `size` bytes.

    chunks: payload offset, usable bytes, whether live, in the order of addresses. unit: bytes a
    character, 0 for what fits a screen. plain: ASCII only.
    """
    unit = unit or choose_unit(chunks, size)
    shades = PLAIN if plain else SHADES
    text = Text(no_wrap=True)
    text.append(f"{unit} bytes a character: C control data, {shades[0]} free, ")
    text.append(f"{shades[1:]} partly to all in live blocks\n")
    skipped = 0
    for number, line in enumerate(_lines(_fill(chunks, size, unit))):
        if not any(line):
            skipped += 1
            continue
        _add_skipped(text, skipped)
        skipped = 0
        text.append(f"{number * WIDTH * unit:05x}: ", "dim")
        for share in line:
            mark = CONTROL if share < 0 else shades[_shade(share)]
            text.append(mark, COLOURS.get(mark, "dim" if mark == shades[0] else ""))
        text.append("\n")
    _add_skipped(text, skipped)
    text.rstrip()
    return text


def _shade(share: float) -> int:
    """0 for none, 4 for all of it."""
    return 0 if share == 0 else 4 if share >= 1 else 1 + min(int(share * 3), 2)


def _add_skipped(text: Text, lines: int) -> None:
    if lines:
        text.append(f"       ({lines} lines all free)\n", "dim")
