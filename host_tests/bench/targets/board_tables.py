"""Figures of the boards as tables: for the terminal, for results/targets.md."""

from ..run import LEVELS
from ..tables import table

INPUTS = ("R64", "R64n", "lua", "tls", "sqlite")
KINDS = ("alloc", "free", "realloc")
LIBRARIES = ("newlib malloc", "picolibc malloc")
MASKED = "galloc, -O2"  # what host_tests/verify/interrupts runs
OVERVIEW = (
    MASKED,
    "galloc, -Os",
    "newlib malloc",
    "newlib-nano malloc",
    "FreeRTOS heap_4",
    "m_malloc",
)
WORST = ("small alloc", "alloc", "aligned", "free", "resize")

Rows = tuple[str, list[str], list[list[str]]]


def average(row: dict | None, kind: str | None = None) -> float | None:
    """Instructions an operation over all kinds, or over one."""
    kinds = [row[k] for k in (KINDS if kind is None else (kind,)) if k in row] if row else []
    calls = sum(calls for calls, _, _ in kinds)
    return sum(total for _, total, _ in kinds) / calls if calls else None


def most(row: dict | None, kind: str) -> int | None:
    """The most expensive operation of a kind."""
    return row[kind][2] if row and kind in row else None


def cell(value: float | None) -> str:
    """A figure without decimals."""
    return "–" if value is None else f"{value:.0f}"


def each(figures: dict):
    """Core, allocator and its figures, in the order of the tables."""
    for board in figures.values():
        for name, row in board["allocators"].items():
            yield board["core"], name, row


def averages(figures: dict) -> Rows:
    rows = []
    for core, name, row in each(figures):
        cells = []
        for what in INPUTS:
            found = row["inputs"].get(what)
            failed = found["failures"] if found else 0
            cells.append(cell(average(found)) + (f" ({failed})" if failed else ""))
        rows.append([core, name, *cells, cell(row["code"])])
    head = ["core", "allocator", *INPUTS, "code, bytes"]
    return "Instructions an operation (failed requests)", head, rows


def by_kind(figures: dict) -> Rows:
    rows = []
    for core, name, row in each(figures):
        found = row["inputs"].get("R64n")
        cells = [cell(average(found, kind)) for kind in KINDS]
        cells += [cell(most(found, kind)) for kind in KINDS]
        rows.append([core, name, *cells])
    head = ["core", "allocator", *KINDS, *(f"worst {kind}" for kind in KINDS)]
    return "R64n by kind of operation", head, rows


def worst(figures: dict) -> Rows:
    rows = [
        [core, name, *(cell(row["worst"].get(what)) for what in WORST)]
        for core, name, row in each(figures)
        if "worst" in row
    ]
    head = ["core", "allocator", "small alloc", "alloc", "over-aligned alloc", "free", "resize"]
    return "Worst single operation in adversarial states", head, rows


def library(board: dict) -> str:
    """The C library's malloc there: not newlib-nano's, which is the smaller and slower one."""
    return next(name for name in board["allocators"] if name in LIBRARIES)


def per_library(board: dict, name: str) -> float:
    """Instructions of the C library's malloc in R64 ÷ those of ours."""
    ours, other = (
        average(board["allocators"][n]["inputs"]["R64"]) for n in (name, library(board))
    )
    return other / ours


def overview(figures: dict) -> Rows:
    """The boards with masked figures: what each allocator costs in time, flash and RAM."""
    rows = []
    for board in figures.values():
        if "masked" not in board:
            continue
        for name in OVERVIEW:
            row = board["allocators"][name]
            found = row["inputs"]["R64n"]
            cells = [cell(average(row["inputs"].get("R64"))), cell(average(found))]
            cells += [cell(most(found, kind)) for kind in ("alloc", "free")]
            ours = name.startswith("galloc")
            waits = [board["masked"][k] for k in ("alloc", "free")] if name == MASKED else []
            cells += map(str, waits or ["–" if ours else "the call"] * 2)
            rows.append([board["core"], name, *cells, cell(row["code"]), cell(row["ram"])])
    head = ["core", "allocator", "R64", "R64n", "worst alloc", "worst free"]
    head += ["masked in alloc", "masked in free", "flash, bytes", "RAM, bytes"]
    return "Cortex-M3 and M0+ at a glance", head, rows


def masked(figures: dict) -> Rows:
    boards = [board for board in figures.values() if "masked" in board]
    kinds = boards[0]["masked"] if boards else []
    rows = [[kind, *(f"{board['masked'][kind]:,}" for board in boards)] for kind in kinds]
    head = ["instructions masked in a row, at most", *(board["core"] for board in boards)]
    return "Longest time with interrupts masked", head, rows


def hardening(figures: dict) -> Rows:
    """The levels of hardening on the boards that they are measured on."""
    rows = []
    for core, name, row in each(figures):
        plain, _, opt = name.rpartition(", ")
        if plain in LEVELS and len(LEVELS) == sum(
            f"{level}, {opt}" in board["allocators"]
            for board in figures.values()
            if board["core"] == core
            for level in LEVELS
        ):
            cells = [cell(average(row["inputs"].get(what))) for what in INPUTS]
            cells += [cell(row["worst"].get(what)) for what in ("alloc", "aligned", "free")]
            rows.append([core, f"{LEVELS[plain]}, {opt}", *cells, cell(row["code"])])
    rows.sort(key=lambda row: (row[0], row[1].rpartition(", ")[2], -int(row[1][0])))
    head = ["core", "level", *INPUTS, "worst alloc", "worst over-aligned alloc", "worst free"]
    return "Levels of hardening", [*head, "code, bytes"], rows


def python(figures: dict) -> Rows:
    rows = [
        [board["core"], call, str(count)]
        for board in figures.values()
        for call, count in board["python"].items()
    ]
    return "From Python", ["core", "call", "instructions"], rows


def everything(figures: dict) -> list[Rows]:
    """Title, heading and rows of each table."""
    return [
        overview(figures),
        hardening(figures),
        masked(figures),
        averages(figures),
        by_kind(figures),
        worst(figures),
        python(figures),
    ]


NOTES = {
    "Cortex-M3 and M0+ at a glance": "Instructions an operation on average, and the most that one "
    "took in R64n. Masked: the most instructions in a row for which the locked core, as the "
    "module uses it, holds off interrupts; the other allocators do not lock, so a program that "
    "shares one with an interrupt handler masks the whole call. Flash: galloc.c "
    "and galloc_check.c, and of the others the functions that the program links. RAM: control "
    "data of galloc in a region of 64 KiB, static variables of the others; – is not known. The "
    "Cortex-M0+ is QEMU's Cortex-M0, which has the same instructions, with code compiled for the "
    "M0+.",
    "Levels of hardening": "GALLOC_HARDENING: 2, the default, verifies all that a call meets, 1 "
    "heap and block, 0 nothing.",
    "Longest time with interrupts masked": "Of all scenarios of "
    "host_tests/verify/interrupts and 4,000 random requests, the core at -O2. Long searches open "
    "the mask between their steps.",
    "Instructions an operation (failed requests)": "Of a call with its arguments, under QEMU's "
    "-icount; copying and clearing of payload left out. R64 and R64n as in README.md, in 64 KiB, "
    "100,000 operations; recorded programs in regions of 168 KiB (lua), 128 KiB (tls) and 384 KiB "
    "(sqlite). m_malloc hands out no block at more than a multiple of 16, and nothing is "
    "collected. 70 % full: the region is filled with blocks of 8 to 512 bytes until a request "
    "fails, and blocks drawn at random are freed until the others, which stay, are 70 % of it. "
    "Code: galloc.c and galloc_check.c, and of the others the functions that the program links. "
    "–: not run. "
    "sqlite needs more memory than the board with the Cortex-M0+ has, R64 asks for alignments "
    "that m_malloc has no call for, and the full region is for R64n only.",
    "R64n by kind of operation": "The average, and the most of all; failed requests count.",
    "Worst single operation in adversarial states": "The states of driver/worst.c, as many as "
    "the board has room for. Small: a request of up to 256 bytes that is met. With "
    "bounded_search.",
    "From Python": "One call in MicroPython's own bytecode, the loop around it left out, in the "
    "board's firmware. bytearray() with its share of collections.",
}


def made_with(figures: dict) -> str:
    """Compilers, C libraries and emulators, each named once."""
    names = dict.fromkeys(tool for board in figures.values() for tool in board["tools"])
    return "".join(f"- {name}\n" for name in names)


def document(figures: dict) -> str:
    """results/targets.md."""
    parts = ["# On the boards", "Written by `make bench-targets`, with", made_with(figures)]
    for title, head, rows in everything(figures):
        parts += [f"## {title}", NOTES[title], table(head, rows)]
    parts += ["## Summary", SUMMARY, table(*summary(figures))]
    parts += ["## Code", CODE, code(figures)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


SUMMARY = (
    "What the README shows: instructions. R64 and R64n in 64 KiB; failed requests in brackets."
)
CODE = "What `-O2` costs and brings, as the README says it."


def code(figures: dict) -> str:
    """A sentence on -O2 and -Os, over all boards with a Cortex-M."""
    more, fewer = [], []
    for board in figures.values():
        if board["core"].startswith("Cortex-M"):
            fast, small = (board["allocators"][f"galloc, {opt}"] for opt in ("-O2", "-Os"))
            more.append((fast["code"] - small["code"]) / 1024)
            fewer += [
                100 - 100 * average(row) / average(small["inputs"][what])
                for what, row in fast["inputs"].items()
            ]
    return (
        f"{min(more):.0f} to {max(more):.0f} KiB more of code on a Cortex-M for "
        f"{min(fewer):.0f} to {max(fewer):.0f} % fewer instructions"
    )


def summary(figures: dict) -> tuple[list[str], list[list[str]]]:
    """A row a board."""
    head = ["core", "galloc -O2, R64", "-Os", "C library's malloc", "÷ galloc -O2"]
    head += ["galloc -O2, 70 % full, R64n", "m_malloc, 70 % full, R64n"]
    head += ["worst small alloc, -O2", "worst alloc", "worst free"]
    calls = ["h.free(h.malloc(64))", "bytearray(64)"]
    rows = []
    for board in figures.values():
        found = board["allocators"]
        names = ("galloc, -O2", "galloc, -Os", library(board))
        cells = [cell(average(found[name]["inputs"]["R64"])) for name in names]
        cells.append(f"{per_library(board, 'galloc, -O2'):.2f}")
        for name in ("galloc, -O2, 70 % full", "m_malloc, 70 % full"):
            row = found[name]["inputs"]["R64n"]
            cells.append(f"{cell(average(row))} ({row['failures']})")
        most_of = found["galloc, -O2"]["worst"]
        cells += [cell(most_of[kind]) for kind in ("small alloc", "alloc", "free")]
        cells += [str(board["python"][call]) for call in calls]
        rows.append([board["core"], *cells])
    return head + calls, rows
