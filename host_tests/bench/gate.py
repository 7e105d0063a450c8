"""Compares the instruction counts of the core with those that `make bench` wrote down.

python -m host_tests.bench.gate [--write]

Fails when a figure is more than 3 % above the file's; with --write the file is written instead.
"""

import json
import sys

from . import build, measure, worst
from .build import HERE

FILE = HERE / "figures.json"
LIMIT = 1.03
INPUTS = ("R64", "R64n", "X64", "X64n", "F64", "F64n", "R256", "S160", "lua", "tls", "sqlite")
BUILDS = {"checked": (), "fast": ("-DGALLOC_HEADER_CHECK=0",)}


def figures() -> dict:
    """Instructions by build and figure, and the compiler. Raises BuildError, MeasureError."""
    binaries = [build.galloc(f"galloc-{name}", defines) for name, defines in BUILDS.items()]
    found = measure.profiles(binaries, list(INPUTS))
    states = measure.in_parallel([lambda b=b: worst.measure(b) for b in binaries])
    counted = {}
    for name, binary, rows in zip(BUILDS, binaries, states, strict=True):
        row = {what: round(found[binary.name, what].per_operation, 2) for what in INPUTS}
        highest = worst.summary(rows)
        row |= {f"worst {kind}": count for kind, count in highest.items()}
        counted[name] = row
    return {"cc": build.compiler(), "flags": " ".join(build.CFLAGS), "instructions": counted}


def above(kept: dict, now: dict) -> list[str]:
    """What is dearer now than the limit allows, a line for each."""
    lines = []
    for name, row in kept["instructions"].items():
        for what, before in row.items():
            after = now["instructions"][name][what]
            if after > before * LIMIT:
                share = f" ({after / before - 1:+.1%})" if before else ""
                lines.append(f"{name} {what}: {after:g}, was {before:g}{share}")
    return lines


def main(arguments: list[str]) -> int:
    try:
        now = figures()
    except (build.BuildError, measure.MeasureError) as error:
        print(f"gate: {error}", file=sys.stderr)
        return 1
    if "--write" in arguments or not FILE.exists():
        FILE.write_text(json.dumps(now, indent=2) + "\n")
        print(f"gate: wrote {FILE.name}")
        return 0
    kept = json.loads(FILE.read_text())
    if kept["cc"] != now["cc"]:
        print(f"gate: the figures were counted with {kept['cc']}, this is {now['cc']}")
    lines = above(kept, now)
    for line in lines:
        print(f"gate: {line}")
    count = sum(map(len, now["instructions"].values()))
    if lines:
        print(f"gate: {len(lines)} of {count} figures are over {LIMIT - 1:.0%} above the file's")
        print(f"gate: make the core cheaper, or accept them: `make bench` writes {FILE.name}")
        return 1
    print(f"gate: {count} figures, none over {LIMIT - 1:.0%} above the file's")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
