"""Figures of galloc alone at each level of hardening, for work on the core.

python -m host_tests.bench.quick [--seed N] [--functions R64,lua] [--worst] [--only 2,1,0]
                                 [--define X=Y] [--opt -O2]
"""

import argparse
import sys
import time

from . import build, measure, worst

LEVELS = ("2", "1", "0")


def print_instructions(binaries, names, found) -> None:
    """Instructions an operation of each build, and of each kind in the first one."""
    head = "".join(f"{b.name.removeprefix('galloc-'):>9}" for b in binaries)
    print(f"\n{'instr/op':<8}{head}   alloc    free  realloc  failures")
    for name in names:
        profiles = [found[b.name, name] for b in binaries]
        kinds = "".join(f"{profiles[0].per_kind(k):8.1f}" for k in ("alloc", "free", "realloc"))
        figures = "".join(f"{p.per_operation:9.1f}" for p in profiles)
        print(f"{name:<8}{figures}{kinds}  {profiles[0].facts['failures']:8d}")


def print_memory(binary, found) -> None:
    """Utilisation and regions, which are the same at all levels."""
    print(f"\nmemory ({binary.name})")
    for name in ("X64", "X64n", "F64", "F64n", "X256"):
        facts = found[binary.name, name].facts
        print(f"{name:<8} fill {facts['fill']:.4f} refill {facts['refill']:.4f}")
    for name, fit in measure.fits(binary).items():
        ratio, sure = fit["smallest"] / fit["peak"], fit["sure"] / fit["peak"]
        size = fit["smallest"]
        print(f"{name:<8} region/peak {ratio:.4f} sure from {sure:.4f}  ({size} bytes)")
    for size in (4, 16, 64, 256, 1024):
        control = measure.driver(binary, "control", str(size << 10))[0]["control"]
        print(f"control data in {size} KiB: {control} bytes")


def print_worst(binary, rows: list[dict], details: bool) -> None:
    """The most expensive single operations, and with `details` each state."""
    print(f"\nworst single operation, instructions ({binary.name})")
    for kind, value in worst.summary(rows).items():
        print(f"{kind:<13}{value:6d}")
    for holes in (10, 100, 1000, 2000):
        some = [r for r in rows if r["holes"] == holes and r["state"] != "table"]
        print(
            f"  {holes:5d} holes: "
            + "  ".join(
                f"{k} {max(r[k] for r in some)}" for k in ("alloc", "aligned", "free", "resize")
            )
        )
    for row in rows if details else []:
        print("  " + "  ".join(f"{k} {v}" for k, v in row.items()))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--functions", default="", help="inputs whose cost by function is shown")
    parser.add_argument("--worst", action="store_true", help="each adversarial state")
    parser.add_argument("--only", default=",".join(LEVELS), help="levels of hardening")
    parser.add_argument("--define", action="append", default=[], help="-D for the core, X=Y")
    parser.add_argument("--opt", default="-O3")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    extra = tuple(f"-D{d}" for d in options.define)
    try:
        binaries = [
            build.galloc(f"galloc-level{v}", (f"-DGALLOC_HARDENING={v}", *extra), options.opt)
            for v in options.only.split(",")
        ]
        for binary in binaries:
            for what in ("R64", "F64", "S160", str(build.traces()["lua"])):
                measure.driver(binary, "verify", what, "7")
        print(f"{build.compiler()}, {options.opt}; payloads verified")
        names = list(measure.inputs())
        found = measure.profiles(binaries, names, options.seed)
        print_instructions(binaries, names, found)
        print_memory(binaries[0], found)
        rows = measure.in_parallel([lambda b=b: worst.measure(b) for b in binaries])
        for binary, states in zip(binaries, rows, strict=True):
            print_worst(binary, states, options.worst)
    except (build.BuildError, measure.MeasureError) as error:
        print(f"quick: {error}", file=sys.stderr)
        return 1
    for name in filter(None, options.functions.split(",")):
        print(f"\n{name}: instructions an operation by function ({binaries[0].name})")
        profile = found[binaries[0].name, name]
        count = sum(profile.operations.values())
        for fn, cost in sorted(profile.functions.items(), key=lambda item: -item[1])[:12]:
            print(f"  {cost / count:7.2f}  {fn}")
    print(f"\n{time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
