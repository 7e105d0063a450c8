"""What the guards of galloc_debug.h cost in instructions and in memory, as a table.

python -m host_tests.bench.guards
"""

import sys
from pathlib import Path

from . import build, measure
from .build import HERE
from .tables import table

COUNTED = ("R64", "R64n", "lua", "tls", "sqlite")
FITTED = ("lua", "tls", "sqlite")


def document(rows: list[tuple[str, dict]], cc: str) -> str:
    """The table in Markdown."""
    head = ["", *(f"{name} instr" for name in COUNTED)]
    head += [f"{name} region ÷ peak" for name in FITTED]
    body = []
    for name, row in rows:
        cells = [f"{row[what]:.0f}" for what in COUNTED]
        cells += [f"{row[f'{what} region']:.3f}" for what in FITTED]
        body.append([name, *cells])
    return (
        "# Guards\n\nWritten by `make bench`; not edited by hand. The core and the layer at -O3, "
        f"{cc}, without a sanitizer or valgrind. Instructions an operation: looking at fences and "
        f"freed payload counts, copying and filling does not.\n\n{table(head, body)}\n"
    )


def measure_one(binary: build.Binary) -> dict:
    """Figures of one build. Raises MeasureError."""
    found = measure.profiles([binary], list(COUNTED))
    row = {name: found[binary.name, name].per_operation for name in COUNTED}
    for name, fit in measure.fits(binary).items():
        row[f"{name} region"] = fit["smallest"] / fit["peak"]
    return row


def run(folder: Path) -> None:
    """Measures the core with and without the guards, and writes guards.md."""
    rows = [
        ("galloc", measure_one(build.galloc("galloc"))),
        ("galloc_debug", measure_one(build.galloc("galloc-debug", guards=True))),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "guards.md").write_text(document(rows, build.compiler()))


def main() -> int:
    try:
        run(HERE / "results")
    except (build.BuildError, measure.MeasureError) as error:
        print(f"guards: {error}", file=sys.stderr)
        return 1
    print((HERE / "results" / "guards.md").read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
