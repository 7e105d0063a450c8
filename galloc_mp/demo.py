"""The demo: recorded programs on an emulated board, every byte of theirs verified."""

from typing import Annotated

import typer

from galloc_mp.replay.command import run
from galloc_mp.targets.registry import BUILD, ROOT

TRACES = ROOT / "host_tests" / "traces"
NAMES = ("lua", "tls", "sqlite")


def main(
    target: Annotated[str, typer.Option(help="where to run it; `targets` lists")] = "MPS2_AN385",
    region: Annotated[int, typer.Option(min=0, help="bytes of the region to use; 0: all")] = 0,
) -> None:
    """Replays the recorded allocations of Lua, Mbed TLS and SQLite.

    Ends with 1 when anything failed.
    """
    paths = [TRACES / f"{name}.trace.gz" for name in NAMES]
    raise typer.Exit(run(paths, target, size=region, save=BUILD / "demo"))
