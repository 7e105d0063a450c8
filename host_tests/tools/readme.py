"""Writes the tables of the READMEs that come from measurements.

    python host_tests/tools/readme.py [--check]

Each is between `<!-- NAME: written by `make docs` -->` and `<!-- end -->`. --check changes
nothing and ends with 1 when a table is out of date.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("", "firmware", "galloc_mp", "boards", "host_tests")
READMES = tuple(ROOT / folder / "README.md" for folder in FOLDERS)
RESULTS = ROOT / "host_tests" / "bench" / "results"
GUIDE_ROWS = (
    "4 × 2",
    "8 × 2",
    "12 × 2",
    "16 × 2, default",
    "16 × 4",
    "20 × 8",
    "22 × 2",
    "32 × 2",
    "48 × 2",
    "64 × 2",
)
MARKS = re.compile(r"(<!-- (\w+): written by `make docs` -->\n)(.*?)(<!-- end -->)", re.DOTALL)

Table = list[list[str]]


def read_table(text: str, title: str = "") -> Table:
    """The first Markdown table, behind the heading `title` if one is given; without the rule."""
    _, _, behind = text.partition(f"## {title}\n") if title else ("", "", text)
    lines = re.search(r"(?:^\|.*\n)+", behind, re.MULTILINE)
    if not lines:
        raise ValueError(f"no table {title!r} in the results")
    rows = [line.strip("|").split("|") for line in lines[0].splitlines()]
    return [[cell.strip() for cell in row] for at, row in enumerate(rows) if at != 1]


def write_table(rows: Table) -> str:
    """Markdown; all columns but the first to the right when they hold numbers."""
    head, *body = rows
    numbers = [
        all(re.match(r"[\d>–-]|too slow|the call|$", row[i]) for row in body)
        for i in range(len(head))
    ]
    rule = ["---:" if number else "---" for number in numbers]
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, rule, *body])


def columns(rows: Table, names: tuple[str, ...]) -> Table:
    """Only these columns, by their headings."""
    which = [rows[0].index(name) for name in names]
    return [[row[i] for i in which] for row in rows]


def why() -> str:
    """What is gained beside MicroPython's own heap, on a Cortex-M7."""
    rows = read_table((RESULTS / "targets.md").read_text(), "From Python")
    cost = {name: int(count) for core, name, count in rows[1:] if core == "Cortex-M7"}
    call, python = cost["h.free(h.malloc(1024))"], cost["bytearray(1024)"]
    held = re.compile(r"gc\.collect\(\) with (\d+ KiB) in the (region|GC heap)")
    pauses = {found[2]: (found[1], cost[name]) for name in cost if (found := held.match(name))}
    (size, slow), (in_region, fast) = pauses["GC heap"], pauses["region"]
    if size != in_region:
        raise ValueError(f"{size} in the GC heap, but {in_region} in the region")
    return (
        f"- **Pauses.** With {size} of data in the GC heap `gc.collect()` takes {slow:,} "
        f"instructions on a Cortex-M7; with the data in a region, {fast:,}.\n"
        f"- **Churn.** 1 KiB taken and given back: {call:,} instructions there; "
        f"as a `bytearray`, with its share of collections, {python:,}.\n"
    )


def figures() -> str:
    """Cortex-M3 and M0+: average, worst, masked, flash, RAM, with peers."""
    text = (RESULTS / "targets.md").read_text()
    title = "Cortex-M3 and M0+ at a glance"
    _, _, behind = text.partition(f"## {title}\n")
    notes, _, _ = behind.partition("\n|")
    return write_table(read_table(text, title)) + f"\n{notes.strip()}\n"


def levels() -> str:
    """What each level of hardening costs on the boards."""
    return write_table(read_table((RESULTS / "targets.md").read_text(), "Levels of hardening"))


def code() -> str:
    """What the core costs at -O2."""
    _, _, text = (RESULTS / "targets.md").read_text().partition("## Code\n")
    return (
        "Ports compile for size, but the core is compiled for speed, `-O2`: "
        f"{text.strip().splitlines()[-1]}.\n"
    )


def guide() -> str:
    """What smallbins and sub-bins bring and cost."""
    text = (RESULTS / "guide.md").read_text()
    rows = read_table(text)
    names = (
        "smallbins × sub-bins",
        "GALLOC_BINS",
        "control, 64 KiB",
        "R64 instr",
        "lua instr",
        "F64 refill",
        "lua region ÷ peak",
        "tls region ÷ peak",
        "sqlite region ÷ peak",
    )
    rows = columns(rows, names)
    rows[0][2] = "control data in 64 KiB"
    by_name = {row[0]: row for row in rows}
    kept = [by_name[name] for name in GUIDE_ROWS]
    advice = re.search(r"^Recommended: .*", text, re.MULTILINE)[0]
    return f"{advice}\n\n" + write_table([rows[0], *kept])


def guards() -> str:
    """What galloc_debug.h costs."""
    return write_table(read_table((RESULTS / "guards.md").read_text()))


def masked() -> str:
    """Instructions that interrupts wait for."""
    text = (RESULTS / "targets.md").read_text()
    return write_table(read_table(text, "Longest time with interrupts masked"))


def recording() -> str:
    """What recording costs."""
    text = (RESULTS / "recording.md").read_text()
    _, _, note = text.rpartition("\n\n")
    return write_table(read_table(text)) + f"\n{note.strip()} Instructions on a Cortex-M3.\n"


def filled(text: str) -> str:
    """A README with all tables as they ought to be."""
    return MARKS.sub(lambda m: m[1] + globals()[m[2]]() + m[4], text)


def main(arguments: list[str]) -> int:
    """See the module."""
    outdated = False
    for path in READMES:
        before = path.read_text()
        after = filled(before)
        if after == before:
            continue
        name = path.relative_to(ROOT)
        if arguments == ["--check"]:
            print(f"{name}: tables are out of date; `make docs` writes them", file=sys.stderr)
            outdated = True
        else:
            path.write_text(after)
            print(f"docs: {name}", file=sys.stderr)
    return int(outdated)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
