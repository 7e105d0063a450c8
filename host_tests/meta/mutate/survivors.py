"""The mutants that no driver can tell from the core, and why that is right."""

from __future__ import annotations

import io
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ...core.build import ROOT
from .mutants import Mutant

HERE = Path(__file__).resolve().parent
REASONS = HERE / "reasons.toml"
SURVIVORS = ROOT / "build" / "host_tests" / "survivors.md"


def read_reasons(path: Path = REASONS) -> dict[str, str]:
    """Why a mutant may survive, by its key. Raises ValueError for a key with two reasons."""
    reasons: dict[str, str] = {}
    for entry in tomllib.loads(path.read_text()).get("reason", []):
        for key in entry["mutants"]:
            if key in reasons:
                raise ValueError(f"{path.name}: two reasons for {key}")
            reasons[key] = entry["why"]
    return reasons


def write(shown: Table, survivors: Iterable[Mutant], reasons: dict[str, str]) -> None:
    """Writes build/host_tests/survivors.md: the table, and each survivor under its reason."""
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(shown)
    groups: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in survivors:
        groups[reasons.get(mutant.key, "No reason given.")].append(mutant)
    lines = [
        "# Mutants that survive",
        "",
        "Written by `make verify WHAT=mutate`; the reasons are in reasons.toml.",
    ]
    lines += ["", "```", console.export_text().rstrip(), "```"]
    for why in sorted(groups, key=lambda why: (-len(groups[why]), why)):
        lines += ["", f"## {why}", "", "```"]
        lines += [mutant.key for mutant in groups[why]]
        lines += ["```"]
    SURVIVORS.parent.mkdir(parents=True, exist_ok=True)
    SURVIVORS.write_text("\n".join(lines) + "\n")
