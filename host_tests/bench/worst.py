"""The most expensive single operations over adversarial states, counted by callgrind."""

import json
import os
import re
import subprocess
from collections import defaultdict
from pathlib import Path

from .build import BUILD, Binary
from .callgrind import MeasureError, Names, TooSlow

KINDS = {"a": "alloc", "A": "aligned", "f": "free", "r": "resize"}
_ADAPTERS = ("adapter_alloc", "adapter_free", "adapter_resize")
_SLOT = re.compile(r"slot_([0-9a-f]{3})")


class _Part:
    """One dump: inclusive cost by slot and adapter function, and those functions' own cost."""

    def __init__(self) -> None:
        self.slots: dict[int, tuple[str, int]] = {}
        self.own: dict[str, int] = defaultdict(int)

    def costs(self) -> dict[int, int]:
        """Instructions of the allocator by slot.

        An adapter's function is straight code, so its own cost is the same in each call.
        """
        calls: dict[str, int] = defaultdict(int)
        for adapter, _ in self.slots.values():
            calls[adapter] += 1
        each = {adapter: self.own[adapter] // count for adapter, count in calls.items()}
        return {slot: cost - each[adapter] for slot, (adapter, cost) in self.slots.items()}


def _parse(path: Path) -> dict[str, _Part]:
    """Parts by the label that the driver gave them."""
    functions = Names()
    parts: dict[str, _Part] = {}
    part, fn, callee, in_call = _Part(), "", "", False
    with path.open() as lines:
        for line in lines:
            line = line.rstrip("\n")
            key, _, value = line.partition("=")
            if line.startswith("desc: Trigger: Client Request: "):
                part = parts.setdefault(line.rsplit(": ", 1)[1], _Part())
            elif line.startswith("part: "):
                part = _Part()
            elif key == "fn":
                fn = functions(value)
            elif key == "cfn":
                callee = functions(value)
            elif key == "calls":
                in_call = True
            elif line and (line[0].isdigit() or line[0] in "+-*"):
                cost = int(line.split()[1])
                slot = _SLOT.match(fn)
                if in_call and slot and callee in _ADAPTERS:
                    part.slots[int(slot[1], 16)] = (callee, cost)
                elif not in_call and fn in _ADAPTERS:
                    part.own[fn] += cost
                in_call = False
    return parts


def measure(binary: Binary, seed: int = 1, timeout: float = 300) -> list[dict]:
    """A row for each state: `state`, `order`, `holes`, `missed`, for each kind the highest count.

    `alloc_call`, `aligned_call`: (size, align) of the most expensive. The row of state `table` has
    `alloc_400` and `alloc_200_64` instead. Raises MeasureError.
    """
    folder = BUILD / "callgrind"
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / f"{binary.name}.worst.{seed}.{os.getpid()}.out"
    command = [
        "valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--combine-dumps=yes",
        "--toggle-collect=slot_*", str(binary.path), "worst", str(seed),
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired as late:
        raise TooSlow(f"{binary.name} worst: over {timeout:.0f} s") from late
    if done.returncode:
        raise MeasureError(f"{binary.name} worst: {done.stderr.strip()[-500:]}")
    parts = _parse(out)
    out.unlink()
    return [
        _row(state, parts[state["label"]].costs())
        for state in map(json.loads, done.stdout.splitlines())
    ]


def _row(state: dict, costs: dict[int, int]) -> dict:
    row = {key: state[key] for key in ("state", "order", "holes", "missed")}
    if state["state"] == "table":
        return row | {"alloc_400": costs[0], "alloc_200_64": costs[1]}
    row |= dict.fromkeys(KINDS.values(), 0)
    for slot, (letter, size, align) in enumerate(state["calls"]):
        kind = KINDS[letter]
        if costs.get(slot, 0) > row[kind]:
            row[kind] = costs[slot]
            row[f"{kind}_call"] = (size, align)
    return row


def summary(rows: list[dict]) -> dict[str, int]:
    """The highest of each column over all states, and the two requests of the table."""
    table = next(row for row in rows if row["state"] == "table")
    states = [row for row in rows if row["state"] != "table"]
    highest = {kind: max(row[kind] for row in states) for kind in KINDS.values()}
    highest["missed"] = sum(row["missed"] for row in states)
    return {"alloc_400": table["alloc_400"], "alloc_200_64": table["alloc_200_64"], **highest}


def by_holes(rows: list[dict]) -> dict[str, dict[str, int]]:
    """The highest of each kind for each number of holes: flat when the operation is bounded."""
    table: dict[str, dict[str, int]] = {}
    for row in rows:
        if row["state"] == "table":
            continue
        some = table.setdefault(str(row["holes"]), dict.fromkeys(KINDS.values(), 0))
        for kind in some:
            some[kind] = max(some[kind], row[kind])
    return table
