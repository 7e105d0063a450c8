"""Runs proofs by CBMC."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..core.build import CORE, run_compiler

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
OF_A_BLOCK = ("free", "resize", "realloc_begin", "realloc_end")
ALL_ROUNDS = 400  # of loops whose number of rounds the source tells


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
    options = ("--unwind", "3", f"-I{CORE}", str(ARITHMETIC))
    return [Proof(name.removeprefix("prove_"), name, options) for name in names]


def _geometry(units: int, core: Path) -> tuple[str, ...]:
    """What steps.c wants to know of a heap of so many units."""
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "geometry")
        sources = [HERE / "geometry.c", *sorted(core.glob("*.c"))]
        run_compiler(["cc", "-std=c11", f"-I{core}", *map(str, sources), "-o", program])
        told = subprocess.run([program, str(units)], stdout=subprocess.PIPE, text=True, check=True)
    return tuple(told.stdout.split())


def _own_loops(cbmc: list[str], options: Iterable[str]) -> list[str]:
    """The loops of steps.c, all of which have constant bounds."""
    shown = subprocess.run(
        [*cbmc, *WORD, "--function", "prove_init", "--show-loops", *options, str(STEPS)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    return re.findall(r"^Loop (.*):$", shown.stdout, re.MULTILINE)


class Steps:
    """Proofs of steps.c for heaps of `units` units of 8 bytes for chunks.

    core: the sources to prove, the project's own or a copy.
    """

    def __init__(self, cbmc: list[str], units: int, core: Path = CORE):
        most_free = (units + 2) // 4
        bounds = {
            "wrong_bin.0": ALL_ROUNDS,
            "wrong_guard.0": ALL_ROUNDS,
            "wrong_chunk.0": units // 2 + 1,
            "find_lucky.0": 11,
            "find_in_list.0": most_free + 1,
            "find_in_tree.0": 3,
            "find_in_tree": 2,  # calls of itself: two large chunks need 10 units
        }
        macros = (*_geometry(units, core), f"-I{core}")
        bounds |= dict.fromkeys(_own_loops(cbmc, (*macros, "-DAT=0")), ALL_ROUNDS)
        self.units = units
        self._options = (
            *WORD,
            "--unwind",
            str(most_free + 3),
            "--unwindset",
            ",".join(f"{loop}:{rounds}" for loop, rounds in bounds.items()),
            "--slice-formula",
            *macros,
            str(STEPS),
            *map(str, sorted(core.glob("*.c"))),
        )

    def proof(self, name: str, at: int | None = None) -> Proof:
        """The proof of prove_<name>, or of refute_<name>. at: where the block stands, in units."""
        what = name.replace("_", " ") + ("" if at is None else f" of a block at {8 * at}")
        refuted = f"void refute_{name}(" in STEPS.read_text()
        function = f"refute_{name}" if refuted else f"prove_{name}"
        return Proof(what, function, (f"-DAT={at or 0}", *self._options), refuted)

    def proofs(self, names: Iterable[str]) -> list[Proof]:
        """One proof a name, and for those of a block one a place that it can have."""
        places = [0, *range(2, self.units - 1)]  # no chunk is smaller than 2 units
        return [
            self.proof(name, at)
            for name in names
            for at in (places if name in OF_A_BLOCK else [None])
        ]
