"""Runs proofs by CBMC."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ...core.build import CORE, run_compiler

HERE = Path(__file__).resolve().parent
ARITHMETIC = HERE / "arithmetic.c"
STEPS = HERE / "steps.c"
CHECKS = (
    "--bounds-check",
    "--pointer-check",
    "--signed-overflow-check",
    "--undefined-shift-check",
    "--div-by-zero-check",
    "--unwinding-assertions",
)
# A word is as wide as on the boards: it makes smaller formulas, too.
WORD = ("--32", "--arch", "i386")
# Rounds, at most, of the loops that do not end by a constant.
BOUNDS = "search_on.0:8,map_search_in.0:3,map_search_down.0:3"
# Blocks that count as large, cut from the low end of a free chunk, fit into so small a heap.
LARGE_BLOCK = "-DGALLOC_LARGE_BLOCK=24"


class CbmcMissing(Exception):
    """There is no CBMC here, and none could be fetched."""


@dataclass(frozen=True)
class Proof:
    """One call of CBMC.

    what: for people.
    options: what the proof needs beside the checks.
    refuted: the one assertion is to be refuted.
    """

    what: str
    function: str
    options: tuple[str, ...]
    refuted: bool = False


def find_cbmc() -> list[str]:
    """The command that starts CBMC; fetches it where it is missing. Raises CbmcMissing."""
    found = subprocess.run([HERE / "get_cbmc.sh"], capture_output=True, text=True, timeout=900)
    if found.returncode != 0:
        raise CbmcMissing(found.stderr.strip())
    return found.stdout.split()


def run_proof(cbmc: list[str], proof: Proof, seconds: float) -> list[str]:
    """What is wrong: assertions that CBMC refutes, or that it got no answer. Empty: proved."""
    command = [*cbmc, "--function", proof.function, *CHECKS, *proof.options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return [f"no answer in {seconds:.0f} s"]
    refuted = re.findall(r"^(\[.*): FAILURE$", done.stdout, re.MULTILINE)
    if proof.refuted:
        hit = len(refuted) == 1 and f"[{proof.function}." in refuted[0]
        return [] if hit else refuted or ["holds, but must not: nothing would be proved"]
    if done.returncode != 0 and not refuted:
        return [(done.stderr or done.stdout)[-500:]]
    return refuted


def arithmetic_proofs() -> list[Proof]:
    """The functions of arithmetic.c, in the order of the file."""
    names = re.findall(r"^void (prove_\w+)\(", ARITHMETIC.read_text(), re.MULTILINE)
    options = (*WORD, "--unwind", "34", f"-I{CORE}", str(ARITHMETIC))
    return [Proof(name.removeprefix("prove_"), name, options) for name in names]


def _geometry(units: int, core: Path) -> tuple[str, ...]:
    """What steps.c needs to know of a heap of so many units."""
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "geometry")
        run_compiler(["cc", "-std=c11", f"-I{core}", str(HERE / "geometry.c"), "-o", program])
        done = subprocess.run([program, str(units)], stdout=subprocess.PIPE, text=True, check=True)
    return tuple(done.stdout.split())


class Steps:
    """Proofs of steps.c for heaps of `units` units of 8 bytes for chunks.

    core: the sources to prove, the project's own or a copy.
    """

    def __init__(self, units: int, core: Path = CORE):
        self.units = units
        self._options = (
            *WORD,
            "--unwindset",
            BOUNDS,
            "--slice-formula",
            "--object-bits",
            "10",
            "--max-field-sensitivity-array-size",
            "128",  # words of the heap are separate variables then
            LARGE_BLOCK,
            *_geometry(units, core),
            f"-I{core}",
            str(STEPS),
        )

    def proof(self, name: str) -> Proof:
        """The proof of prove_<name>, or of refute_<name>."""
        refuted = f"void refute_{name}(" in STEPS.read_text()
        function = f"refute_{name}" if refuted else f"prove_{name}"
        return Proof(name.replace("_", " "), function, self._options, refuted)
