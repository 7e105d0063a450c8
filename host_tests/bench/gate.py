"""Compares the instruction counts of the core with those that `make bench` kept in gate.json.

python -m host_tests.bench.gate [--write]

Fails when a figure is more than 3 % above the file's, and when the file lacks one; with --write
the file is written instead.
"""

import argparse
import json
import sys

from . import build, measure, run, worst
from .build import HERE

FILE = HERE / "gate.json"
LIMIT = 1.03
INPUTS = (*measure.WORKLOADS, "lua", "tls", "sqlite")
WRITE = "`python -m host_tests.bench.gate --write` counts and writes it, `make bench` too"


class GateError(Exception):
    """There is nothing to compare with; the message says what to do."""


def figures() -> dict:
    """Instructions by build and figure, and the compiler. Raises BuildError, MeasureError."""
    binaries = [build.hardened(level) for level in run.LEVELS.values()]
    found = measure.profiles(binaries, list(INPUTS))
    states = measure.in_parallel([lambda b=b: worst.measure(b) for b in binaries])
    rows = {}
    for name, binary, some in zip(run.LEVELS, binaries, states, strict=True):
        average = {what: found[binary.name, what].per_operation for what in INPUTS}
        rows[name] = row(average, worst.summary(some))
    return {"cc": build.compiler(), "flags": " ".join(build.CFLAGS), "instructions": rows}


def of_bench(measured: dict) -> dict:
    """The same out of what run.everything returned."""
    rows = {}
    for name in run.LEVELS:
        average = {what: measured["instructions"][name][what]["all"] for what in INPUTS}
        rows[name] = row(average, measured["worst"][name]["highest"])
    machine = measured["machine"]
    return {"cc": machine["cc"], "flags": machine["flags"], "instructions": rows}


def row(average: dict[str, float], highest: dict[str, int]) -> dict[str, float]:
    """The figures of one build by name."""
    counted: dict[str, float] = {what: round(count, 2) for what, count in average.items()}
    return counted | {f"worst {kind}": count for kind, count in highest.items()}


def read() -> dict:
    """The kept figures. Raises GateError when there is nothing to compare with."""
    try:
        kept = json.loads(FILE.read_text())
        kept["cc"], kept["instructions"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GateError(f"{FILE} holds no figures ({error!r}); {WRITE}") from None
    return kept


def others(kept: dict, now: dict) -> list[str]:
    """Figures that only one of both has, by build and name."""
    before, after = (
        {f"{name} {what}" for name, row in some["instructions"].items() for what in row}
        for some in (kept, now)
    )
    return sorted(before ^ after)


def above(kept: dict, now: dict) -> list[str]:
    """What takes more now than the limit allows, a line for each."""
    lines = []
    for name, row in kept["instructions"].items():
        for what, before in row.items():
            after = now["instructions"][name][what]
            if after > before * LIMIT:
                share = f" ({after / before - 1:+.1%})" if before else ""
                lines.append(f"{name} {what}: {after:g}, was {before:g}{share}")
    return lines


def write(now: dict) -> None:
    """Writes the file."""
    FILE.write_text(json.dumps(now, indent=2) + "\n")
    print(f"gate: wrote {FILE.name}")


def compare() -> list[str]:
    """Why the gate is closed, a line each. Raises BuildError, MeasureError, GateError."""
    kept = read()
    now = figures()
    if kept["cc"] != now["cc"]:
        print(f"gate: the figures were counted with {kept['cc']}, this is {now['cc']}")
    if odd := others(kept, now):
        raise GateError(f"{FILE} has other figures than are counted: {', '.join(odd)}; {WRITE}")
    lines = above(kept, now)
    count = sum(map(len, now["instructions"].values()))
    if lines:
        lines.append(f"{len(lines)} of {count} figures are over {LIMIT - 1:.0%} above the file's")
        lines.append(f"make the core faster, or accept them: {WRITE}")
    else:
        print(f"gate: {count} figures, none over {LIMIT - 1:.0%} above the file's")
    return lines


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m host_tests.bench.gate")
    parser.add_argument("--write", action="store_true", help="write the file instead")
    options = parser.parse_args(arguments)
    try:
        if options.write:
            write(figures())
            return 0
        lines = compare()
    except (build.BuildError, measure.MeasureError, GateError) as error:
        lines = [str(error)]
    for line in lines:
        print(f"gate: {line}", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
