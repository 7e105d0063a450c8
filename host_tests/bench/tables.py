"""Figures as Markdown tables, and as one CSV."""

import csv
import io
import statistics
from collections.abc import Iterable

from .run import ALL_PEERS, LEVELS, OURS, REGIONS

WORST = ("alloc_400", "alloc_200_64", "alloc", "aligned", "free", "resize", "missed")
WORST_HEAD = (
    "alloc(400)", "alloc(200, align 64)", "worst alloc", "worst over-aligned alloc", "worst free",
    "worst resize", "holes missed",
)  # fmt: skip


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; the first column is left-aligned, the others right."""
    head = list(head)
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" + " ---: |" * (len(head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _figure(value: float | None, digits: int = 0, absent: str = "–") -> str:
    return absent if value is None else f"{value:.{digits}f}"


def instructions(figures: dict) -> str:
    """Instructions an operation."""
    names = figures["inputs"]
    rows = []
    for subject, row in figures["instructions"].items():
        cells = [_figure(row[n]["all"] if row.get(n) else None, 0, "too slow") for n in names]
        rows.append([subject, *cells])
    return table(["allocator", *names], rows)


def hardening(figures: dict) -> str:
    """What each level of hardening costs: instructions, and as a share of the default's."""
    names = figures["inputs"]
    ours = figures["instructions"]
    rows = []
    for subject, level in LEVELS.items():
        cells = [
            f"{ours[subject][n]['all']:.1f} ({ours[subject][n]['all'] / ours[OURS][n]['all']:.0%})"
            for n in names
        ]
        rows.append([str(level) if level < 2 else f"{level}, default", *cells])
    return table(["GALLOC_HARDENING", *names], rows)


def kinds(figures: dict) -> str:
    """Ours by kind of operation."""
    rows = []
    for subject in LEVELS:
        for kind in ("alloc", "free", "realloc"):
            row = figures["instructions"][subject]
            cells = [_figure(row[n].get(kind) if row.get(n) else None) for n in figures["inputs"]]
            rows.append([f"{subject}: {kind}", *cells])
    return table(["build and kind", *figures["inputs"]], rows)


def nanoseconds(figures: dict) -> str:
    """Ours in nanoseconds, and the time of each as a ratio to ours in the same round."""
    names = figures["inputs"]
    ours = figures["nanoseconds"][OURS]
    rows = [[f"{OURS}, ns", *(_figure(ours[n]["ns"]) for n in names)]]
    for subject, row in figures["nanoseconds"].items():
        cells = [_figure(row[n]["ratio"] if n in row else None, 2) for n in names]
        rows.append([subject, *cells])
    return table(["allocator", *names], rows)


def memory(figures: dict) -> str:
    """Utilisation and control data."""
    inputs = [n for n in ("X64", "X64n", "F64", "F64n", "X256") if n in figures["inputs"]]
    head = ["allocator", *(f"{n} fill" for n in inputs)]
    head += [f"{n} refill" for n in inputs if n[0] == "F"]
    head += [f"control data, {r >> 10} KiB" for r in REGIONS]
    rows = []
    for subject, row in figures["instructions"].items():
        facts = {n: row[n]["facts"] if row.get(n) else {} for n in inputs}
        cells = [_figure(facts[n].get("fill"), 3) for n in inputs]
        cells += [_figure(facts[n].get("refill"), 3) for n in inputs if n[0] == "F"]
        control = figures["control"].get(subject, {})
        cells += [_figure(control.get(str(r))) for r in REGIONS]
        rows.append([subject, *cells])
    return table(head, rows)


def regions(figures: dict) -> str:
    """Smallest region ÷ peak of live bytes; in brackets, from where on every region serves."""
    fits = {s: row for s, row in figures["fits"].items() if row}
    names = list(fits[OURS])
    rows = []
    for subject, row in fits.items():
        cells = []
        for name in names:
            fit = row.get(name)
            if not fit or not fit["smallest"]:
                cells.append("> 4" if fit else "too slow")
                continue
            smallest, sure = fit["smallest"] / fit["peak"], fit["sure"] / fit["peak"]
            cells.append(f"{smallest:.3f} ({sure:.3f})")
        rows.append([subject, *cells])
    return table(["allocator", *names], rows)


def worst(figures: dict) -> str:
    """The most expensive single operations, over all adversarial states."""
    rows = []
    for subject in figures["versions"]:
        row = figures["worst"].get(subject, {})
        highest = row["highest"] if row else {}
        no_resize = row and highest["resize"] < 10
        absent = "too slow" if row is None else "–"
        cells = [
            "–" if c == "resize" and no_resize else _figure(highest.get(c), absent=absent)
            for c in WORST
        ]
        rows.append([subject, *cells])
    return table(["allocator", *WORST_HEAD], rows)


def worst_by_holes(figures: dict) -> str:
    """Ours: flat in the number of holes."""
    rows = []
    for subject in LEVELS:
        measured = figures["worst"].get(subject)
        for holes, row in measured["holes"].items() if measured else ():
            rows.append([f"{subject}, {holes} holes", *(str(v) for v in row.values())])
    return table(["build and state", "alloc", "over-aligned alloc", "free", "resize"], rows)


def per_cent(row: dict) -> float:
    """Ours ÷ it in one of the original's graphs: the median of the trials."""
    return statistics.median(row["percent"])


def originals(figures: dict) -> str:
    """Scores at the end, and ours as a percentage of each."""
    rows = []
    for subject, row in figures["original"].items():
        cells = []
        for name in ("random_actions", "heap_exhaustion"):
            low, high = min(row[name]["percent"]), max(row[name]["percent"])
            spread = f"{per_cent(row[name]):.0f} % ({low:.0f}–{high:.0f})"
            cells += [f"{row[name]['scores'][-1]:,.0f}", "" if subject == OURS else spread]
        rows.append([subject, *cells])
    head = ["allocator", "random_actions", "ours ÷ it", "heap_exhaustion", "ours ÷ it"]
    return table(head, rows)


def chunk(figures: dict) -> str:
    """The benchmark of simple-chunk-allocator."""
    columns = ("attempts", "successful", "deallocations", "median", "average", "min", "max")
    rows = []
    for subject, row in figures["original"].items():
        for run in row["chunk"]:
            rows.append([f"{subject}, {run['seconds']:g} s", *(f"{run[c]:,}" for c in columns)])
    head = ["allocator and time", "attempts", "successful", "deallocations"]
    return table([*head, "median ticks", "average", "min", "max"], rows)


SECTIONS = (
    (
        "Instructions an operation",
        instructions,
        "Callgrind, inside the allocator's own functions, copying left out. Too slow: cut short.",
        "instructions",
    ),
    (
        "Levels of hardening",
        hardening,
        "Instructions an operation, and in brackets their share of the default build's. Level 1 "
        "verifies heap and block only, level 0 nothing.",
    ),
    ("Ours by kind of operation", kinds, "Instructions. –: the input has no such operation."),
    (
        "Time",
        nanoseconds,
        "First ours in nanoseconds an operation, median of the rounds. Then time ÷ that of the "
        "default build of galloc in the same round, median; the driver's own time is in both. "
        "–: too slow to be counted, so not timed. Depends on the machine.",
    ),
    (
        "Smallest region ÷ peak of live bytes",
        regions,
        "For recorded programs, control data included. In brackets: from there on every region "
        "that was tried serves. Peers are 64-bit builds. linked_list_allocator, "
        "simple_chunk_allocator and buddy_system_allocator keep no header: the size is given back "
        "at free.",
        "regions",
    ),
    (
        "Utilisation and control data",
        memory,
        "Requested bytes ÷ region at the first request that fails, and after a random half was "
        "freed and filled again. Control data in bytes, where the allocator reports it; –: it "
        "does not, or the input was too slow.",
    ),
    (
        "Worst single operation",
        worst,
        "Instructions: the highest over 120 states with 10 to 2,000 holes, and two requests in a "
        "region of alternating blocks and holes. galloc with `bounded_search`, so that each call "
        "is bounded; without it a request that is about to fail looks through more holes, in "
        "steps of the same cost. A hole is missed when a request of the size that it was made "
        "with finds nothing. –: the allocator cannot resize in place, or was not measured "
        "(glibc's malloc has no region to make the states in; a quick run measures only galloc).",
    ),
    ("Worst single operation by number of holes", worst_by_holes, "Instructions."),
    (
        "The original's benchmarks",
        originals,
        "Score after one second (a quick run: 0.4 s), median of the trials; and the mean over ten "
        "points of time of our default build's score as a percentage of it in the same trial: "
        "median, lowest and highest. Depends on the machine.",
        "random_actions",
        "heap_exhaustion",
    ),
    (
        "The benchmark of simple-chunk-allocator",
        chunk,
        "Successful: blocks alive at the end. Depends on the machine.",
    ),
)


COLUMNS = (
    "allocator", "input", "instructions", "alloc", "free", "realloc", "ns", "time ratio", "fill",
    "refill", "peak", "smallest region", "sure from",
)  # fmt: skip


def sheet(figures: dict) -> str:
    """One row for each allocator and input as CSV: the figures behind the tables.

    Instructions and nanoseconds an operation, time ÷ galloc's, bytes; empty: not measured.
    """
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for subject, counted in figures["instructions"].items():
        for name in figures["inputs"]:
            row = counted.get(name) or {}
            facts = row.get("facts", {})
            time = figures["nanoseconds"].get(subject, {}).get(name, {})
            fit = (figures["fits"].get(subject) or {}).get(name) or {}
            counts = [_figure(row.get(k), 1, "") for k in ("all", "alloc", "free", "realloc")]
            times = [_figure(time.get("ns"), 1, ""), _figure(time.get("ratio"), 3, "")]
            fills = [_figure(facts.get(k) or None, 4, "") for k in ("fill", "refill")]
            sizes = [fit.get(k, "") for k in ("peak", "smallest", "sure")]
            rows.writerow([subject, name, *counts, *times, *fills, *sizes])
    return out.getvalue()


def document(figures: dict) -> str:
    """All tables. Says what was measured with what."""
    facts = figures["machine"]
    absent = ALL_PEERS in figures["missing"]
    peers = "none" if absent else f"{facts['rustc']}, opt-level 3, LTO"
    parts = [
        "# Figures\n\nWritten by `make bench`; not edited by hand. Definitions: "
        "[`../README.md`](../README.md).\n",
        f"Ours: {facts['cc']}, `{facts['flags']}`. Peers: {peers}.\n",
    ]
    versions = ", ".join(
        f"{n} {v}" for n, v in figures["versions"].items() if v and v[0].isdigit()
    )
    parts.append(f"Versions: {versions}. galloc_rust is the original, `good_memory_allocator`.\n")
    for crate, reason in figures["missing"].items():
        parts.append(f"Not measured: {crate}: {reason}\n")
    for title, make, note, *pictures in SECTIONS:
        parts.append(f"## {title}\n\n{note}\n\n{make(figures)}\n")
        parts += [f"![{name}]({name}.png)\n" for name in pictures]
    return "\n".join(parts)
