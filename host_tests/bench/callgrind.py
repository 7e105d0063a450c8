"""Instructions inside an allocator's own functions, counted by callgrind.

Callgrind collects inside the driver's three marker functions only. What the markers and the
adapter cost themselves is left out, and so is copying and filling memory in the C library.
"""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .build import BUILD, Binary

MARKERS = {"op_alloc": "alloc", "op_free": "free", "op_realloc": "realloc"}
_NAME = re.compile(r"\((\d+)\)(?: (.*))?")


class MeasureError(Exception):
    """A driver or callgrind failed; the message says how."""


class TooSlow(MeasureError):
    """The run was cut short."""


@dataclass
class Profile:
    """Instructions and calls of one run.

    operations: calls made by kind.
    instructions: of the allocator, by kind; `realloc` is without copying.
    functions: self cost of each of its functions. facts: what the driver printed.
    """

    operations: dict[str, int]
    instructions: dict[str, int]
    functions: dict[str, int]
    facts: dict

    @property
    def per_operation(self) -> float:
        """Instructions an operation, over all kinds."""
        return sum(self.instructions.values()) / sum(self.operations.values())

    def per_kind(self, kind: str) -> float:
        """Instructions an operation of this kind; nan when there was none."""
        count = self.operations[kind]
        return self.instructions[kind] / count if count else float("nan")


class Names:
    """Callgrind's name compression: `(3) malloc` once, `(3)` from then on."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        match = _NAME.fullmatch(text)
        if not match:
            return text
        number, name = match.groups()
        if name is not None:
            self.known[number] = name
        return self.known[number]


def parse(path: Path) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], int]]:
    """Self cost by (object, function), and inclusive cost of calls by (caller, callee)."""
    objects, functions = Names(), Names()
    own: dict[tuple[str, str], int] = {}
    calls: dict[tuple[str, str], int] = {}
    ob = fn = callee = ""
    in_call = False
    with path.open() as lines:
        for line in lines:
            line = line.rstrip("\n")
            key, _, value = line.partition("=")
            if key == "ob":
                ob = objects(value)
            elif key == "fn":
                fn = functions(value)
            elif key == "cob":
                objects(value)
            elif key == "cfn":
                callee = functions(value)
            elif key == "calls":
                in_call = True
            elif line and (line[0].isdigit() or line[0] in "+-*"):
                cost = int(line.split()[1])
                if in_call:
                    calls[fn, callee] = calls.get((fn, callee), 0) + cost
                    in_call = False
                else:
                    own[ob, fn] = own.get((ob, fn), 0) + cost
    return own, calls


def _is_allocators(binary: Binary, ob: str, fn: str) -> bool:
    plain = fn.split("'")[0]
    if binary.libc:
        copying = any(word in plain for word in ("memcpy", "memset", "memmove"))
        return "libc.so" in ob and not copying and plain != "malloc_usable_size"
    return Path(ob).name == binary.path.name and plain not in binary.driver


def _driver_facts(done: subprocess.CompletedProcess, what: str) -> dict:
    if done.returncode:
        raise MeasureError(f"{what}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout.splitlines()[-1])


def profile(
    binary: Binary,
    what: str,
    seed: int = 1,
    timeout: float = 300,
    settings: dict[str, str] | None = None,
) -> Profile:
    """Runs a workload or a trace (by path) under callgrind, for `timeout` seconds at most.

    settings: environment variables for the driver. Raises MeasureError, and its child TooSlow.
    """
    folder = BUILD / "callgrind"
    folder.mkdir(parents=True, exist_ok=True)
    values = "".join(f".{v}" for v in (settings or {}).values())
    out = folder / f"{binary.name}.{Path(what).stem}.{seed}{values}.{os.getpid()}.out"
    if "/" in what:
        arguments = ["trace", what, str(2 << 20)]
    else:
        arguments = ["work", what, str(seed)]
    toggles = [f"--toggle-collect={marker}" for marker in MARKERS]
    command = [
        "valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--error-exitcode=0",
        *toggles, str(binary.path), *arguments,
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=os.environ | (settings or {}),
        )
    except subprocess.TimeoutExpired as late:
        raise TooSlow(f"{binary.name} {what}: over {timeout:.0f} s") from late
    facts = _driver_facts(done, f"{binary.name} {what}")
    own, calls = parse(out)
    # For callgrind_annotate: the latest run lies under a name that stays.
    out.replace(out.with_name(out.name.replace(f".{os.getpid()}.out", ".out")))
    functions: dict[str, int] = {}
    for (ob, fn), cost in own.items():
        if _is_allocators(binary, ob, fn):
            functions[fn] = functions.get(fn, 0) + cost
    total = sum(functions.values())
    instructions = _split(binary, calls, total)
    operations = {k: facts[k + "s"] for k in ("alloc", "free", "realloc")}
    return Profile(operations, instructions, functions, facts)


def _split(binary: Binary, calls: dict[tuple[str, str], int], total: int) -> dict[str, int]:
    """Alloc and free copy nothing, so what they call is theirs whole; realloc has what remains."""
    kinds = {"alloc": 0, "free": 0, "realloc": 0}
    adapters = {"adapter_alloc": "alloc", "adapter_free": "free"}
    for (caller, callee), cost in calls.items():
        kind = adapters.get(caller.split("'")[0])
        if kind and callee.split("'")[0] not in binary.driver | {"malloc_usable_size"}:
            kinds[kind] += cost
    kinds["realloc"] = total - kinds["alloc"] - kinds["free"]
    return kinds
