"""The demo: recorded programs on a board, every byte of theirs verified."""

from pathlib import Path
from typing import Annotated

import typer

from galloc_mp.files import DATA
from galloc_mp.replay.command import run


def main(
    traces: Annotated[
        list[Path] | None, typer.Argument(help="traces; none: those that the wheel has")
    ] = None,
    target: Annotated[str, typer.Option(help="where to run it; `targets` lists")] = "MPS2_AN385",
    region: Annotated[int, typer.Option(min=0, help="bytes of the region to use; 0: all")] = 0,
    save: Annotated[Path | None, typer.Option(help="folder for the full maps")] = None,
    port: Annotated[str | None, typer.Option(help="a board at a serial port instead")] = None,
) -> None:
    """Replays the recorded allocations of Lua, Mbed TLS and SQLite.

    Ends with 1 when anything failed.
    """
    traces = traces or sorted((DATA / "traces").glob("*.trace.gz"))
    if not traces:
        typer.echo("which traces? `make demo` in a checkout replays those that it has", err=True)
        raise typer.Exit(1)
    raise typer.Exit(run(traces, target, size=region, save=save, port=port))
