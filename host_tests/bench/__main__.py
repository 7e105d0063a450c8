"""All allocators side by side: tables, figures, graphs.

    python -m host_tests.bench [--quick] [--times] [--draw]

--times measures only what depends on the clock, and keeps the other figures of the last run here.
--draw measures nothing: it writes tables and graphs from those figures.
"""

import argparse
import json
import shutil
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from . import bounded, gate, graphs, guards, guide, measure, run, tables
from .build import BUILD, HERE, BuildError

RESULTS = HERE / "results"  # tables, pictures and one CSV, in the repository
LOOKS = BUILD / "results"


def folder(quick: bool, reasons: dict[str, str]) -> Path:
    """Where tables go: into the repository those of full runs with peers, the others aside."""
    return LOOKS if quick or run.ALL_PEERS in reasons else RESULTS


def raw(folder: Path) -> Path:
    """All figures of the run whose tables are there; under build/, not in the repository."""
    return BUILD / ("figures.json" if folder == RESULTS else "figures-looks.json")


def read(folder: Path) -> dict:
    """The figures of an earlier run. Raises MeasureError."""
    file = raw(folder)
    if not file.exists():
        raise measure.MeasureError(f"{file} is missing; `make bench` measures it")
    return json.loads(file.read_text())


def write(figures: dict, folder: Path) -> None:
    """Writes figures, tables and pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    raw(folder).write_text(json.dumps(figures, indent=1) + "\n")
    (folder / "README.md").write_text(tables.document(figures))
    (folder / "figures.csv").write_text(tables.sheet(figures))
    graphs.everything(figures, folder)


def report_missing(console: Console, reasons: dict[str, str]) -> None:
    """A line for each crate that is not there, whatever the terminal's width."""
    for crate, reason in reasons.items():
        text = f"bench: not measured: {crate}: {reason}"
        console.print(text, soft_wrap=True, markup=False, highlight=False)


def measure_and_write(quick: bool, times: bool, console: Console) -> tuple[dict, Path]:
    """The figures, and where they went. Raises BuildError, MeasureError."""
    plan = run.QUICK if quick else run.FULL
    start = time.monotonic()
    columns = (TextColumn("{task.description:<48}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=None)

        def show(what: str) -> None:
            progress.update(task, description=what)
            if not console.is_terminal:
                print(f"bench: {time.monotonic() - start:4.0f} s  {what}", file=sys.stderr)

        def tick(what: str) -> None:
            progress.advance(task)
            show(what)

        found, reasons = run.subjects(show)
        report_missing(progress.console, reasons)
        into = folder(quick, reasons)
        more = 0 if quick or times else len(guide.configurations()) + 2
        progress.update(task, total=run.steps(len(found), plan, times) + more)
        if times:
            figures = read(into)
            figures |= run.timed(found, figures["instructions"], plan, tick)
        else:
            figures = run.everything(plan, found, reasons, tick)
        write(figures, into)
        if not (quick or times):
            guide.run(into, tick)
            guards.run(into)
            tick("guards")
            bounded.run(into)
            tick("bounded search")
    return figures, into


def main(arguments: list[str]) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m host_tests.bench")
    parser.add_argument("--quick", action="store_true", help="a look, in two minutes")
    parser.add_argument("--times", action="store_true", help="only what depends on the clock")
    parser.add_argument("--draw", action="store_true", help="from the last run's figures")
    options = parser.parse_args(arguments)
    console = Console(stderr=True)
    if options.draw:
        try:
            figures = read(RESULTS)
        except measure.MeasureError as error:
            console.print(f"bench: {error}", style="red", markup=False, soft_wrap=True)
            return 1
        write(figures, RESULTS)
        guide.draw(RESULTS, figures["machine"]["cc"])
        return 0
    if shutil.which("valgrind") is None:
        console.print("bench: valgrind is missing; install the package valgrind", style="red")
        return 1
    start = time.monotonic()
    try:
        figures, into = measure_and_write(options.quick, options.times, console)
    except (BuildError, measure.MeasureError) as error:
        console.print(f"bench: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    print(tables.document(figures))
    if into == RESULTS and not options.times:
        gate.write(gate.of_bench(figures))
    print(f"written to {into}, {time.monotonic() - start:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
