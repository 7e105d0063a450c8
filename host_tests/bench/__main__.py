"""All allocators side by side: tables, a file of figures, graphs.

python -m host_tests.bench [--quick] [--times]

--times measures anew only what depends on the clock, and keeps the other figures.
"""

import json
import shutil
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from . import gate, graphs, guards, guide, measure, run, tables
from .build import BUILD, HERE, BuildError


def write(figures: dict, folder: Path) -> None:
    """Writes figures.json, README.md and the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    (folder / "README.md").write_text(tables.document(figures))
    graphs.everything(figures, folder)


def main(arguments: list[str]) -> int:
    quick, times = "--quick" in arguments, "--times" in arguments
    plan = run.QUICK if quick else run.FULL
    # A quick run is for a look; what lies in the repository comes from full ones.
    folder = BUILD / "results" if quick else HERE / "results"
    console = Console(stderr=True)
    if shutil.which("valgrind") is None:
        console.print("bench: valgrind is missing; install the package valgrind", style="red")
        return 1
    start = time.monotonic()
    columns = (TextColumn("{task.description:<48}"), BarColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("building the allocators", total=None)
            found, reasons = run.subjects()
            progress.update(
                task,
                total=run.steps(len(found), plan)
                + (0 if quick else len(guide.configurations()) + 1),
            )

            def tick(what: str) -> None:
                progress.update(task, advance=1, description=what)
                if not console.is_terminal:
                    print(f"bench: {time.monotonic() - start:4.0f} s  {what}", file=sys.stderr)

            for crate, reason in reasons.items():
                progress.print(f"bench: not measured: {crate}: {reason}")
            if times:
                figures = json.loads((folder / "figures.json").read_text())
                figures |= run.timed(found, figures["instructions"], plan, tick)
            else:
                figures = run.everything(plan, found, reasons, tick)
            if not (quick or times):
                guide.run(folder, tick)
                guards.run(folder)
                tick("guards")
        write(figures, folder)
        print(tables.document(figures))
        if not (quick or times) and gate.main(["--write"]):
            return 1
    except (BuildError, measure.MeasureError) as error:
        console.print(f"bench: {error}", style="red", markup=False)
        return 1
    print(f"written to {folder}, {time.monotonic() - start:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
