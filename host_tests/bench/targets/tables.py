"""Figures of the boards as tables: for the terminal, for results/targets.md."""

from ..tables import table

INPUTS = ("R64", "R64n", "lua", "tls", "sqlite")
KINDS = ("alloc", "free", "realloc")
WORST = ("small alloc", "alloc", "aligned", "free", "resize")

Rows = tuple[str, list[str], list[list[str]]]


def average(row: dict | None, kind: str | None = None) -> float | None:
    """Instructions an operation over all kinds, or over one."""
    kinds = [row[k] for k in (KINDS if kind is None else (kind,)) if k in row] if row else []
    calls = sum(calls for calls, _, _ in kinds)
    return sum(total for _, total, _ in kinds) / calls if calls else None


def most(row: dict | None, kind: str) -> int | None:
    """The dearest operation of a kind."""
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
    head = ["core", "allocator", *KINDS, *(f"dearest {kind}" for kind in KINDS)]
    return "R64n by kind of operation", head, rows


def worst(figures: dict) -> Rows:
    rows = [
        [core, name, *(cell(row["worst"].get(what)) for what in WORST)]
        for core, name, row in each(figures)
        if "worst" in row
    ]
    head = ["core", "allocator", "small alloc", "alloc", "over-aligned alloc", "free", "resize"]
    return "Dearest single operation in adversarial states", head, rows


def python(figures: dict) -> Rows:
    rows = [
        [board["core"], call, str(count)]
        for board in figures.values()
        for call, count in board["python"].items()
    ]
    return "From Python", ["core", "call", "instructions"], rows


def everything(figures: dict) -> list[Rows]:
    """Title, heading and rows of each table."""
    return [averages(figures), by_kind(figures), worst(figures), python(figures)]


NOTES = {
    "Instructions an operation (failed requests)": "Of a call with its arguments, under QEMU's "
    "-icount; copying and clearing of payload left out. R64 and R64n as in README.md, in 64 KiB, "
    "100,000 operations; recorded programs in regions of 168 KiB (lua), 128 KiB (tls) and 384 KiB "
    "(sqlite). m_malloc hands out no block at more than a multiple of 16, and nothing is "
    "collected. Its 70 % are live blocks of 8 to 512 bytes that stay. Code: all of the core.",
    "R64n by kind of operation": "The average, and the dearest of all.",
    "Dearest single operation in adversarial states": "The states of driver/worst.c, as many as "
    "the board has room for. Small: a request of up to 256 bytes that is met. Over-aligned "
    "requests with bounded_search.",
    "From Python": "One call in MicroPython's own bytecode, the loop around it left out, in the "
    "board's firmware. bytearray() with its share of collections.",
}


def document(figures: dict) -> str:
    """results/targets.md."""
    parts = ["# On the boards", "Written by `make bench-targets`."]
    for title, head, rows in everything(figures):
        parts += [f"## {title}", NOTES[title], table(head, rows)]
    parts += ["## Summary", "What the README shows.", table(*summary(figures))]
    return "\n\n".join(parts) + "\n"


def summary(figures: dict) -> tuple[list[str], list[list[str]]]:
    """A row a board."""
    head = ["core", "galloc -O2, R64", "-Os", "C library's malloc", "m_malloc, 70 % full"]
    head += ["worst alloc, -O2", "worst free", "h.free(h.malloc(64))", "bytearray(64)"]
    rows = []
    for board in figures.values():
        found = board["allocators"]
        library = next(name for name in found if name in ("newlib malloc", "picolibc malloc"))
        names = (("galloc, -O2", "R64"), ("galloc, -Os", "R64"), (library, "R64"))
        names += (("m_malloc, heap 70 % full", "R64n"),)
        cells = [cell(average(found[name]["inputs"].get(what))) for name, what in names]
        dearest = found["galloc, -O2"]["worst"]
        cells += [cell(dearest["alloc"]), cell(dearest["free"])]
        cells += [str(board["python"][call]) for call in head[-2:]]
        rows.append([board["core"], *cells])
    return head, rows
