"""What a heap with bounded_search misses: requests that fail although a free chunk would serve.

python -m host_tests.bench.bounded
"""

import os
import sys
from pathlib import Path

from . import build, measure
from .build import BUILD, CORE, HERE
from .tables import table

SOURCE = HERE / "bounded.c"


def binary() -> build.Binary:
    """The program. Raises BuildError."""
    folder = BUILD / "bounded"
    flags = [*build.CFLAGS, "-Wall", "-Wextra", "-Werror", f"-I{CORE}"]
    headers = [*CORE.glob("*.h"), *CORE.glob("*.c")]
    made = build.compile_once(SOURCE, folder / "bounded.o", flags, headers)
    build.run(os.environ.get("CC", "gcc"), made, target=folder / "bounded")
    return build.Binary("bounded", folder / "bounded", frozenset())


def rows() -> list[dict]:
    """For each region and load: requests, those that failed, and those of them missed.

    Raises BuildError, MeasureError.
    """
    return measure.driver(binary())


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.4f} %" if part else "0"


def advice(found: list[dict]) -> str:
    """The result in a sentence each."""
    plain, aligned = ([r for r in found if r["over_aligned"] is kind] for kind in (False, True))
    shares = [100 * r["missed"] / r["requests"] for r in aligned]
    return (
        f"At the default alignment {sum(r['missed'] for r in plain)} of "
        f"{sum(r['requests'] for r in plain):,} requests were missed; in the loads with larger "
        f"alignments {min(shares):.4f} to {max(shares):.4f} % of the requests."
    )


def document(found: list[dict], cc: str) -> str:
    """bounded.md."""
    body = [
        [
            f"{r['load']}, {r['region'] >> 10} KiB",
            f"{r['requests']:,}",
            f"{r['failed']:,}",
            f"{r['missed']:,}",
            _share(r["missed"], r["requests"]),
        ]
        for r in found
    ]
    head = ["load and region", "requests", "failed", "missed", "missed ÷ requests"]
    return (
        f"# What a bounded search misses\n\nWritten by `make bench`; not edited by hand. {cc}. "
        "Each load keeps its region full, so that many requests fail. Missed: a request that "
        "fails with `bounded_search`, and succeeds at once when all chunks are searched.\n\n"
        f"{advice(found)}\n\n{table(head, body)}\n"
    )


def run(folder: Path) -> None:
    """Measures and writes bounded.md."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bounded.md").write_text(document(rows(), build.compiler()))


def main() -> int:
    try:
        run(HERE / "results")
    except (build.BuildError, measure.MeasureError) as error:
        print(f"bounded: {error}", file=sys.stderr)
        return 1
    print((HERE / "results" / "bounded.md").read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
