"""`size`: the region that a recorded program needs."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from galloc_mp.core import Core
from galloc_mp.replay.fit import STEP, Fit, FitError, Trial, find
from galloc_mp.replay.report import console
from galloc_mp.replay.trace import Trace, TraceError, load
from galloc_mp.replay.vary import vary
from galloc_mp.say import fail, progress

DEFAULT = (0, 0)
# smallbins and sub-bins that are compared.
CONFIGURATIONS = (DEFAULT, (4, 2), (8, 2), (16, 2), (32, 2), (64, 2), (8, 4), (16, 4), (16, 8))
STEPS = 256  # sizes that the comparison tries between the peak and twice that
WORTH = 0.01  # share of the region that another configuration must save to be recommended
ROUND = 256  # bytes: the recommended size is a multiple of these
SEED = 1


@dataclass
class Row:
    """One configuration in the comparison."""

    smallbins: int
    sub_bins: int
    serves_from: int
    """Bytes from which on all sizes that were tried served; 0: none did."""
    control: int
    """Bytes of control data in a region of that size."""

    @property
    def name(self) -> str:
        """As the table shows it."""
        if (self.smallbins, self.sub_bins) == DEFAULT:
            return "default"
        return f"{self.smallbins} x {self.sub_bins}"


@dataclass
class Sizing:
    """What there is to say about one trace; bytes."""

    trace: Trace
    rows: list[Row]
    best: Row
    fit: Fit
    """The exact search, with the best configuration."""
    varied: int
    """The size from which on all varied copies were served, too."""

    @property
    def recommended(self) -> int:
        """The size to take."""
        return -(-max(self.fit.sure, self.varied) // ROUND) * ROUND

    @property
    def line(self) -> str:
        """What to paste into a program."""
        own = ""
        if (self.best.smallbins, self.best.sub_bins) != DEFAULT:
            own = f", smallbins={self.best.smallbins}, sub_bins={self.best.sub_bins}"
        size = self.recommended
        return (
            f"galloc.init(bytearray({size}){own})  # or a firmware with GALLOC_REGION_SIZE={size}"
        )


def serves_from(trace: Trace, address: int, smallbins: int, sub_bins: int, room: int) -> int:
    """The size from which on all those tried serve, up to a quarter more than the first that does;
    0 when none up to 4 times the peak does.

    room: bytes of the search's step. Raises FitError.
    """
    trial = Trial(trace, address=address, smallbins=smallbins, sub_bins=sub_bins)
    size, last = trial.least, 4 * trial.least + 65536
    sure = 0
    while size <= last:
        if not trial.serves(size):
            sure = 0
        elif not sure:
            sure = size
            last = min(last, size + size // 4)
        size += room
    return sure


def study(trace: Trace, *, copies: int, share: float, bar) -> Sizing:
    """Finds the region for a trace. Raises FitError."""
    address = int(trace.remarks.get("address", "0"), 0)
    room = max(-(-trace.peak // STEPS // STEP) * STEP, STEP)
    workers = min(os.cpu_count() or 1, 4)
    task = bar.add_task(f"{trace.name}: configurations", total=len(CONFIGURATIONS))

    def compare(pair: tuple[int, int]) -> Row:
        found = serves_from(trace, address, *pair, room)
        bar.advance(task)
        return Row(*pair, found, Core().overhead(found, *pair) if found else 0)

    def varied(seed: int) -> int:
        copy = vary(trace, share, seed)
        found = serves_from(copy, address, best.smallbins, best.sub_bins, room)
        if not found:
            raise FitError(f"{trace.name}: a varied copy needs more than 4 times the peak")
        bar.advance(task)
        return found

    with ThreadPoolExecutor(workers) as pool:
        rows = list(pool.map(compare, CONFIGURATIONS))
        good = [row for row in rows if row.serves_from]
        if not good:
            raise FitError(f"{trace.name}: is not served in 4 times its peak of live bytes")
        best = min(good, key=lambda row: (row.serves_from, row.control))
        default = rows[0]
        if default.serves_from and best.serves_from > default.serves_from * (1 - WORTH):
            best = default
        task = bar.add_task(f"{trace.name}: smallest region", total=1.0)
        fit = find(
            trace,
            address=address,
            smallbins=best.smallbins,
            sub_bins=best.sub_bins,
            progress=lambda share: bar.update(task, completed=share),
        )
        bar.update(task, completed=1.0)
        task = bar.add_task(f"{trace.name}: varied copies", total=copies)
        most = max(pool.map(varied, range(SEED, SEED + copies)), default=0)
    return Sizing(trace, rows, best, fit, most)


def show(out, found: Sizing, copies: int, share: float) -> None:
    """Prints the tables and the line."""
    trace, peak = found.trace, max(found.trace.peak, 1)
    out.print(
        f"[bold]{trace.name}[/]: {len(trace):,} operations, at most {trace.slots:,} blocks and "
        f"{trace.peak:,} bytes at the same time\n"
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("region", "bytes", "÷ peak"):
        table.add_column(title, justify="left" if title == "region" else "right")
    rows = [
        ("the smallest that serves", found.fit.smallest),
        ("each size tried from here on serves", found.fit.sure),
        (f"{copies} copies, varied by {share:.0%}, are served from", found.varied),
        ("recommended", found.recommended),
    ]
    for title, size in rows:
        if size:
            style = "bold green" if title == "recommended" else ""
            table.add_row(title, f"{size:,}", f"{size / peak:.3f}", style=style)
    out.print(table)
    out.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("smallbins x sub-bins", "serves from", "÷ peak", "control data"):
        table.add_column(title, justify="left" if title[0] == "s" and "x" in title else "right")
    for row in found.rows:
        cells = [row.name, "-", "-", "-"]
        if row.serves_from:
            ratio = f"{row.serves_from / peak:.3f}"
            cells = [row.name, f"{row.serves_from:,}", ratio, f"{row.control:,}"]
        table.add_row(*cells, style="bold green" if row is found.best else "")
    out.print(table)
    out.print()
    for text in warnings(trace):
        out.print(text, style="yellow", soft_wrap=True)
    out.print(found.line, soft_wrap=True)


def warnings(trace: Trace) -> list[str]:
    """What the recording did not see."""
    said = []
    if trace.remarks.get("lost", "0") != "0":
        said.append(
            f"{trace.remarks['lost']} operations are missing in the recording: the answer may be "
            "too small; record again with a larger --buffer"
        )
    if trace.remarks.get("failed", "0") != "0":
        said.append(
            f"{trace.remarks['failed']} requests of the recorded program found no memory: with "
            "more it would have gone another way; record it again in a larger region"
        )
    return said


def main(
    traces: Annotated[list[Path], typer.Argument(help="trace files, plain or .gz")],
    copies: Annotated[int, typer.Option(min=0, max=1000, help="varied copies to try")] = 8,
    vary_by: Annotated[
        float, typer.Option("--vary", min=0, max=50, help="percent that sizes vary in them")
    ] = 5,
) -> None:
    """Finds the smallest region in which a recorded program runs, on this machine.

    Tries each size from the peak of live bytes on, compares configurations of the bins, and varies
    sizes and order of the trace a little, as the next run of the program might. The last line is
    what to paste.
    """
    out = console()
    try:
        loaded = [load(path) for path in traces]
        for number, trace in enumerate(loaded):
            with progress() as bar:
                found = study(trace, copies=copies, share=vary_by / 100, bar=bar)
            if number:
                out.print()
            show(out, found, copies, vary_by / 100)
    except (TraceError, FitError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
