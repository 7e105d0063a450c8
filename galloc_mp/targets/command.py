"""`run`: a script on a target."""

from pathlib import Path
from typing import Annotated

import typer

from galloc_mp.targets.running import run_script


def main(
    target: Annotated[str, typer.Argument(help="name of a target; `targets` lists them")],
    script: Annotated[Path, typer.Argument(help="Python file to run there")],
    timeout: Annotated[float, typer.Option(min=0, help="seconds that the script may take")] = 60,
    build: Annotated[bool, typer.Option(help="build what the target runs first")] = False,
) -> None:
    """Runs a script on a target: its output on stdout, a traceback on stderr.

    Ends with 0, with 1 when the script raised, with 2 when it took longer than the time-out.
    """
    raise typer.Exit(run_script(target, script, timeout, build=build))
