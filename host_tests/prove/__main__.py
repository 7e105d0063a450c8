"""Proves the functions of arithmetic.c: python -m host_tests.prove [--seconds N]."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..core.build import CORE

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "arithmetic.c"
CHECKS = (
    "--bounds-check",
    "--pointer-check",
    "--signed-overflow-check",
    "--undefined-shift-check",
    "--div-by-zero-check",
)


def proofs() -> list[str]:
    """The names of the proofs, in the order of the file."""
    return re.findall(r"^void (prove_\w+)\(", SOURCE.read_text(), re.MULTILINE)


def prove(start: list[str], name: str, seconds: float) -> tuple[int, list[str]]:
    """Runs one proof. Returns the number of its assertions that hold, and what was refuted.

    Raises subprocess.TimeoutExpired.
    """
    command = [*start, "--function", name, "--unwind", "3", *CHECKS, f"-I{CORE}", str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    where = "flips" if name.endswith(("_flip", "_flips")) else name
    held = re.findall(rf"^\[{where}\.assertion\..*: SUCCESS$", done.stdout, re.MULTILINE)
    refuted = re.findall(r"^(\[.*): FAILURE$", done.stdout, re.MULTILINE)
    if done.returncode != 0 and not refuted:
        refuted = [(done.stderr or done.stdout)[-500:]]
    return len(held), refuted


def main() -> int:
    parser = argparse.ArgumentParser(prog="host_tests.prove", description=__doc__)
    parser.add_argument("--seconds", type=float, default=100, help="for each proof")
    asked = parser.parse_args()
    errors = Console(stderr=True, markup=False)
    found = subprocess.run([HERE / "get_cbmc.sh"], stdout=subprocess.PIPE, text=True, timeout=900)
    if found.returncode != 0:
        return 1
    table = Table(title="proved for all inputs", title_justify="left")
    table.add_column("proof")
    for name in ("assertions", "refuted", "seconds"):
        table.add_column(name, justify="right")
    failed = False
    for name in proofs():
        begin = time.monotonic()
        try:
            held, refuted = prove(found.stdout.split(), name, asked.seconds)
        except subprocess.TimeoutExpired:
            held, refuted = 0, [f"{name}: no answer in {asked.seconds:.0f} s"]
        for text in refuted:
            errors.print(f"prove: {text}", style="red")
        failed = failed or bool(refuted)
        spent = f"{time.monotonic() - begin:.1f}"
        table.add_row(name, str(held), str(len(refuted)), spent, style="red" if refuted else None)
    Console().print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
