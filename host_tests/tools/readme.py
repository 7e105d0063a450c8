"""Writes the tables of the READMEs that come from elsewhere: measurements and boards.

    python host_tests/tools/readme.py [--check]

Each stands between `<!-- NAME: written by `make docs` -->` and `<!-- end -->`. --check changes
nothing and ends with 1 when a table is out of date.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READMES = (ROOT / "README.md", ROOT / "galloc_mp" / "README.md")
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


def memory() -> str:
    """Regions that recorded programs need."""
    text = (RESULTS / "README.md").read_text()
    return write_table(read_table(text, "Smallest region ÷ peak of live bytes"))


def speed() -> str:
    """Instructions an operation."""
    rows = read_table((RESULTS / "README.md").read_text(), "Instructions an operation")
    worst = read_table((RESULTS / "README.md").read_text(), "Worst single operation")
    names = ("worst alloc", "worst free", "holes missed")
    costs = {row[0]: row[1:] for row in columns(worst, (worst[0][0], *names))}
    rows = columns(rows, (rows[0][0], "R64", "X64n", "lua", "tls", "sqlite"))
    return write_table([row + costs[row[0]] for row in rows])


def original() -> str:
    """The benchmarks of the Rust galloc."""
    text = (RESULTS / "README.md").read_text()
    return write_table(read_table(text, "The original's benchmarks"))


def code() -> str:
    """What the core costs at -O2."""
    _, _, told = (RESULTS / "targets.md").read_text().partition("## Code\n")
    return (
        "Ports compile for size, but the core is compiled for speed, `-O2`: "
        f"{told.strip().splitlines()[-1]} (the table below).\n"
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
    _, _, told = text.rpartition("\n\n")
    return write_table(read_table(text)) + f"\n{told.strip()} Instructions on a Cortex-M3.\n"


def targets() -> str:
    """Instructions on the boards."""
    return write_table(read_table((RESULTS / "targets.md").read_text(), "Summary"))


def region(folder: Path) -> str:
    """Bytes that a board reserves by default, from its configuration or what that shares."""
    for file in sorted(folder.glob("mpconfigboard.*")):
        text = file.read_text()
        for shared in re.findall(r"^include \$\(BOARD_DIR\)/(\S+)", text, re.M):
            text += (folder / shared).read_text()
        found = re.search(r"GALLOC_REGION_(?:DEFAULT|SIZE)\W+(\d+)\)?\s*$", text, re.M)
        if found:
            return f"{int(found[1]) // 1024} KiB"
    return "–"


def boards() -> str:
    """The folders of boards/."""
    rows = [["board", "port", "region by default", "runs here in", "native module"]]
    for description in sorted(ROOT.glob("boards/*/board.toml")):
        told = tomllib.loads(description.read_text())
        emulator = f"`{' '.join(told['emulator'][:3])}`" if "emulator" in told else "rp2040js"
        if not told.get("runs", True):
            emulator = "built only: no package has an emulator for it"
        rows.append(
            [
                f"[`{description.parent.name}`](boards/{description.parent.name})",
                told["port"],
                region(description.parent),
                emulator,
                told.get("natmod", "–"),
            ]
        )
    return write_table(rows)


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
