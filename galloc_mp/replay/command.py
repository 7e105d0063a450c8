"""`replay`: runs allocation traces on a target and reports."""

import os
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from galloc_mp.board.connection import open_board
from galloc_mp.replay import report as show
from galloc_mp.replay.fit import Fit, FitError, find
from galloc_mp.replay.session import Outcome, RegionTooLarge, Session
from galloc_mp.replay.trace import Trace, TraceError, load
from galloc_mp.say import sentence
from galloc_mp.targets import TargetError, open_target


class _Search(threading.Thread):
    """The search for the smallest region, on the host, while the target works. Takes what `find`
    takes.
    """

    def __init__(self, trace: Trace, **options):
        super().__init__(daemon=True)
        self.trace, self.options = trace, options
        self.found: Fit | None = None
        self.error: FitError | None = None

    def run(self) -> None:
        try:
            self.found = find(self.trace, **self.options)
        except FitError as error:
            self.error = error

    def result(self) -> Fit:
        """Waits for the end. Raises FitError."""
        self.join()
        if self.error:
            raise self.error
        return self.found


def replay_trace(
    session: Session,
    trace: Trace,
    size: int,
    bar: Progress,
    *,
    smallbins: int = 0,
    sub_bins: int = 0,
    fit: bool = True,
) -> show.Report:
    """Replays one trace on a target, and once more in the smallest region that the host finds.

    size: bytes of the region, 0 for all of it. Raises TargetError, FitError.
    """
    config = dict(smallbins=smallbins, sub_bins=sub_bins)
    name = session.target.name
    search = None
    if fit:
        looking = bar.add_task(f"{trace.name}: smallest region, on this machine", total=1.0)
        search = _Search(
            trace,
            address=session.address,
            progress=lambda share: bar.update(looking, completed=share),
            **config,
        )
        search.start()

    def run(size: int, what: str, look: bool) -> Outcome:
        task = bar.add_task(f"{trace.name}: {what} on {name}", total=len(trace))

        def report(done: int) -> None:
            bar.update(task, completed=done)

        return session.replay(trace, size, look=look, progress=report, **config)

    report = show.Report(run(size, "replay", True))
    if search:
        report.fit = search.result()
        bar.update(looking, completed=1.0)
        try:
            report.tight = run(report.fit.smallest, "in the smallest region", False)
        except RegionTooLarge as error:
            report.untried = str(error)
    return report


def run(
    paths: list[Path],
    target: str,
    *,
    size: int = 0,
    smallbins: int = 0,
    sub_bins: int = 0,
    fit: bool = True,
    build: bool = False,
    save: Path | None = None,
    port: str | None = None,
) -> int:
    """Replays traces and prints the report on stdout, progress on stderr.

    port: a board behind a serial port, in place of `target`. save: folder for the target's own
    `info(1)` at each fullest moment. Returns 0, or 1 when anything failed.
    """
    out, err = show.console(), show.console(stderr=True)
    reports = []
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    try:
        traces = [load(path) for path in paths]
        if save:
            save.mkdir(parents=True, exist_ok=True)
        machine = open_board(port, None) if port else open_target(target, build=build)
        target = machine.name
        with machine, Progress(*columns, console=err) as bar:
            session = Session(machine)
            for trace in traces:
                if not err.is_terminal:
                    print(f"replay: {trace.name} on {target}", file=sys.stderr, flush=True)
                reports.append(
                    replay_trace(
                        session, trace, size, bar, smallbins=smallbins, sub_bins=sub_bins, fit=fit
                    )
                )
    except (TraceError, TargetError, FitError, OSError, ValueError) as error:
        print(sentence(error) if isinstance(error, OSError) else error, file=sys.stderr)
        return 1
    for report in reports:
        show.fullest(report, out)
        moment = report.outcome.fullest
        if save and moment:
            (save / f"{report.outcome.trace.name}.map").write_text(moment.info)
    out.print()
    out.print(show.summary(reports))
    out.print()
    for report in reports:
        if report.fit:
            out.print(show.smallest(report, target), soft_wrap=True)
    if save:
        shown = os.path.relpath(save)
        out.print(f"the target's own info(1) at these moments: {shown}/*.map", soft_wrap=True)
    said = [line for report in reports for line in show.complaints(report)]
    for line in said:
        out.print(f"FAILED {line}", style="red", soft_wrap=True)
    good = all(report.good for report in reports)
    if good:
        count = sum(len(report.outcome.trace) for report in reports)
        out.print(f"all {count:,} operations served, each block verified, no failure")
    return 0 if good else 1


def main(
    traces: Annotated[list[Path], typer.Argument(help="trace files, plain or .gz")],
    target: Annotated[str, typer.Option(help="where to run them; `targets` lists")] = "unix",
    region: Annotated[
        int, typer.Option(min=0, help="bytes of the target's region to use; 0: all of it")
    ] = 0,
    smallbins: Annotated[int, typer.Option(min=0, max=65535, help="0: the default")] = 0,
    sub_bins: Annotated[int, typer.Option(min=0, max=65535, help="0: the default")] = 0,
    fit: Annotated[bool, typer.Option(help="search the smallest region that serves")] = True,
    build: Annotated[bool, typer.Option(help="build what the target runs first")] = False,
    save: Annotated[Path | None, typer.Option(help="folder for the full maps")] = None,
    port: Annotated[str | None, typer.Option(help="a board at a serial port instead")] = None,
) -> None:
    """Replays allocation traces on a target with every block verified: operations, failures, peak,
    fragmentation, the smallest region that serves, and a map of the fullest moment.

    Ends with 1 when a request failed, a block was damaged or the heap did not verify.
    """
    raise typer.Exit(
        run(
            traces,
            target,
            size=region,
            smallbins=smallbins,
            sub_bins=sub_bins,
            fit=fit,
            build=build,
            save=save,
            port=port,
        )
    )
