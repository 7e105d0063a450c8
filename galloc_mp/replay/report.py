"""Shows on the terminal what replays came to."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from galloc_mp.replay.fit import Fit
from galloc_mp.replay.heap_map import draw
from galloc_mp.replay.session import Outcome


@dataclass
class Report:
    """All that was learnt about one trace."""

    outcome: Outcome
    """The replay in the region that was asked for."""
    fit: Fit | None = None
    """The search on the host; None: not asked for."""
    tight: Outcome | None = None
    """The replay on the target in the smallest region; None: that could not be tried there."""
    untried: str = ""
    """Why not."""

    @property
    def good(self) -> bool:
        """Whether all replays of it were."""
        return self.outcome.good and (self.tight is None or self.tight.good)


def console(stderr: bool = False) -> Console:
    """A console that does not wrap what goes into a file."""
    made = Console(stderr=stderr, highlight=False)
    if not made.is_terminal:
        made = Console(stderr=stderr, highlight=False, width=max(made.width, 120))
    return made


def summary(reports: list[Report]) -> Table:
    """A column a trace. Bytes, but for counts and ratios."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for report in reports:
        style = "" if report.good else "red"
        table.add_column(report.outcome.trace.name, justify="right", style=style)
    rows = [_cells(report) for report in reports]
    for name in rows[0]:
        table.add_row(name, *(row[name] for row in rows))
    return table


def _cells(report: Report) -> dict[str, str]:
    o, fit = report.outcome, report.fit
    used, torn, ratio = "-", "-", "-"
    if o.fullest:
        used, torn = f"{o.fullest.stats['used']:,}", f"{o.fullest.stats['fragmentation']:.4f}"
    if fit and o.trace.peak:
        ratio = f"{fit.smallest / o.trace.peak:.3f}"
    return {
        "operations": f"{o.done:,}",
        "failures": f"{o.failed:,}",
        "damaged blocks": f"{o.damaged:,}",
        "checks of the whole heap": f"{o.checks:,}",
        "peak of requested live bytes": f"{o.trace.peak:,}",
        "bytes in blocks at that moment": used,
        "fragmentation at that moment": torn,
        "fragmentation at the end": f"{o.end['fragmentation']:.4f}",
        "smallest region that serves": f"{fit.smallest:,}" if fit else "-",
        "  divided by the peak": ratio,
    }


def fullest(report: Report, out: Console, title: str = "") -> None:
    """The map of the fullest moment."""
    o, moment = report.outcome, report.outcome.fullest
    if moment is None:
        return
    s = moment.stats
    where = f"{o.place}, {o.size:,} bytes at 0x{o.address:08x}"
    out.print(
        f"\n[bold]{title or o.trace.name}[/]: the heap after {moment.done:,} of {len(o.trace):,} "
        f"operations, its fullest moment ({where})\n"
        f"blocks: {s['blocks']:,}, used: {s['used']:,}, free: {s['free']:,}, free chunks: "
        f"{s['free_chunks']:,}, largest: {s['largest']:,}, overhead: {s['overhead']:,}"
    )
    plain = not (out.encoding or "").lower().startswith("utf")
    out.print(draw(moment.chunks, o.size, plain=plain), soft_wrap=True)


def smallest(report: Report, target: str) -> str:
    """How the smallest region was found, in words."""
    fit, name = report.fit, report.outcome.trace.name
    beyond = f"all of those tried beyond it, up to {fit.tried_to:,}, serve too"
    if fit.sure > fit.tried_to:
        beyond = f"not all beyond it serve; {fit.tried_to:,} does not, the largest tried"
    elif fit.sure > fit.smallest:
        beyond = f"from {fit.sure:,} on all that were tried serve, up to {fit.tried_to:,}"
    shown = f"not tried there: {report.untried}"
    if report.tight:
        shown = "serves there too" if report.tight.good else "FAILS there"
    return (
        f"{name}: smallest region {fit.smallest:,} bytes, searched on this machine with the same "
        f"core over {fit.tried:,} sizes ({beyond}); replayed on {target}: {shown}"
    )


def complaints(report: Report) -> list[str]:
    """What went wrong, in sentences; empty when nothing did."""
    said = []
    for o in filter(None, (report.outcome, report.tight)):
        where = f"{o.trace.name} in {o.size:,} bytes"
        if o.failed:
            said.append(
                f"{where}: {o.failed:,} requests found no memory, the first is operation "
                f"{o.first_failed:,}"
            )
        if o.damaged:
            said.append(
                f"{where}: {o.damaged:,} blocks were damaged, the first is seen at operation "
                f"{o.first_damaged:,}"
            )
        if o.fault:
            said.append(f"{where}: after {o.done:,} operations: {o.fault}")
        elif o.done != len(o.trace):
            said.append(f"{where}: ended after {o.done:,} of {len(o.trace):,} operations")
        elif not o.good and not o.failed and not o.damaged:
            said.append(f"{where}: the heap counts {o.end.get('failures')} failures")
    return said
