"""Proves the core by CBMC.

python -m host_tests.verify.prove [--units N] [--seconds N] [NAME...]
"""

from __future__ import annotations

import argparse
import resource
import sys

from rich.console import Console
from rich.table import Table

from ...core.build import BuildError
from .cbmc import CbmcMissing, Steps, arithmetic_proofs, find_cbmc, run_proof

# Functions of steps.c by the units that chunks share. Each unit more takes two to three times as
# long.
USUAL = {
    6: ("init", "no_such_heap", "sound", "check", "pointers", "free"),
    5: ("alloc", "resize", "realloc_begin"),
}
UNITS = (None, *range(4, 10))


def spent() -> float:
    """Seconds of a processor that the programs took that this one has started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(prog="host_tests.verify.prove", description=__doc__)
    parser.add_argument("--units", type=int, help="of 8 bytes, for chunks; 4 to 9")
    parser.add_argument("--seconds", type=float, default=3600, help="for each proof")
    parser.add_argument("names", nargs="*", help="arithmetic, or a function prove_* of steps.c")
    asked = parser.parse_args()
    errors = Console(stderr=True, markup=False)
    known = ["arithmetic", *(name for names in USUAL.values() for name in names)]
    wanted = asked.names or known
    if not set(wanted) <= set(known) or asked.units not in UNITS:
        errors.print(f"prove: 4 to 9 units, and of these: {', '.join(known)}", style="red")
        return 1
    try:
        cbmc = find_cbmc()
        plan = [("any", proof) for proof in arithmetic_proofs() if "arithmetic" in wanted]
        for units, names in USUAL.items():
            steps = Steps(asked.units or units)
            plan += [(f"{8 * steps.units}", steps.proof(name)) for name in names if name in wanted]
    except (CbmcMissing, BuildError) as error:
        errors.print(f"prove: {error}", style="red")
        return 1
    table = Table(title="proved by CBMC", title_justify="left")
    table.add_column("proof")
    for name in ("bytes of chunks", "refuted", "seconds"):
        table.add_column(name, justify="right")
    failed, total = False, 0.0
    for number, (size, proof) in enumerate(plan, 1):
        errors.print(f"prove: {number} of {len(plan)}: {proof.what}")
        begin = spent()
        wrong = run_proof(cbmc, proof, asked.seconds)
        for text in wrong:
            errors.print(f"prove: {text}", style="red")
        failed = failed or bool(wrong)
        total += spent() - begin
        style = "red" if wrong else None
        table.add_row(proof.what, size, str(len(wrong)), f"{spent() - begin:.0f}", style=style)
    table.add_section()
    table.add_row("all", "", "", f"{total:.0f}")
    Console().print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
