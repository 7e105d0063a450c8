"""Instructions on the boards: tables on the terminal and in results/.

    python -m host_tests.bench.targets [--board B] [--limit OPERATIONS]

With --board or --limit, which are for a look, nothing is written.
"""

import argparse
import json
import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

from galloc_mp.targets.registry import ROOT
from host_tests.verify.interrupts.longest import longest_masked

from ..build import BUILD, HERE, BuildError
from ..measure import MeasureError, in_parallel
from . import board_tables, from_python, images
from .machines import MACHINES, Machine

RAW = BUILD / "targets.json"  # all figures of the last run
RESULTS = HERE / "results" / "targets.md"


def measure_image(machine: Machine, subject: images.Subject, limit: int) -> dict:
    """All inputs of one allocator on one machine: figures ready for JSON."""
    image = images.compile_image(machine, subject)
    row: dict = {
        "code": images.code_size(machine, subject, image),
        "ram": images.static_ram(subject, image),
        "inputs": {},
    }
    for what in subject.inputs:
        if machine.regions.get(what) == 0:
            continue
        counts, failures = images.run(machine, image, what, subject.fill, limit)
        if what == "worst":
            row["worst"] = {k.removeprefix("worst "): c.most for k, c in counts.items()}
            continue
        kinds = {k: [c.calls, c.sum, c.most] for k, c in counts.items()}
        row["inputs"][what] = {"failures": failures, **kinds}
    return row


def measure(machines: tuple[Machine, ...], limit: int = images.UNLIMITED) -> dict:
    """Figures of these machines, by board. Raises BuildError, MeasureError."""
    jobs = [(m, s) for m in machines for s in images.subjects(m)]
    start = time.monotonic()

    def show_progress(what: str) -> None:
        print(f"bench: {time.monotonic() - start:4.0f} s  {what}", file=sys.stderr)

    def job(machine: Machine, subject: images.Subject) -> dict:
        row = measure_image(machine, subject, limit)
        show_progress(f"{machine.board}: {subject.name}")
        return row

    images.control_data()
    rows = in_parallel([lambda m=m, s=s: job(m, s) for m, s in jobs])
    figures: dict = {
        m.board: {
            "core": m.core,
            "tools": images.tools(m),
            "regions": m.regions,
            "allocators": {},
        }
        for m in machines
    }
    for (machine, subject), row in zip(jobs, rows, strict=True):
        figures[machine.board]["allocators"][subject.name] = row
    for machine in machines:
        figures[machine.board]["python"] = from_python.run(machine)
        show_progress(f"{machine.board}: Python")
        if machine.processor:
            figures[machine.board]["masked"] = longest_masked(machine.processor)
            show_progress(f"{machine.board}: masked interrupts")
    return figures


def show(figures: dict, console: Console) -> None:
    """The tables on a terminal."""
    for title, head, rows in board_tables.everything(figures):
        table = Table(title=title, title_justify="left")
        for i, name in enumerate(head):
            table.add_column(name, justify="left" if i < 2 else "right", overflow="fold")
        for row in rows:
            table.add_row(*row)
        console.print(table)


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m host_tests.bench.targets")
    boards = [m.board for m in MACHINES]
    parser.add_argument("--board", choices=boards, action="append")
    parser.add_argument("--limit", type=int, default=images.UNLIMITED)
    chosen = parser.parse_args()
    machines = tuple(m for m in MACHINES if not chosen.board or m.board in chosen.board)
    build = ROOT / "host_tests" / "tools" / "build.py"
    console = Console()
    if subprocess.run([sys.executable, build, *(m.board for m in machines)]).returncode:
        return 1
    try:
        figures = measure(machines, chosen.limit)
    except (BuildError, MeasureError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    show(figures, console)
    if not chosen.board and chosen.limit == images.UNLIMITED:
        RAW.parent.mkdir(parents=True, exist_ok=True)
        RAW.write_text(json.dumps(figures, indent=1) + "\n")
        RESULTS.write_text(board_tables.document(figures))
        print(f"written to {RESULTS}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
