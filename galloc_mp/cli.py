"""The command line: `python -m galloc_mp COMMAND`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

typer.BadParameter.exit_code = 1  # its own 2 is that of the time-out

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help=__doc__,
)


@app.callback()
def main() -> None:
    """Tools for galloc on the host."""


@app.command()
def run(
    target: Annotated[str, typer.Argument(help="name of a target; `targets` lists them")],
    script: Annotated[Path, typer.Argument(help="Python file to run there")],
    timeout: Annotated[float, typer.Option(min=0, help="seconds that the script may take")] = 60,
    build: Annotated[bool, typer.Option(help="build what the target runs first")] = False,
) -> None:
    """Runs a script on a target: its output on stdout, a traceback on stderr.

    Ends with 0, with 1 when the script raised, with 2 when it took longer than the time-out.
    """
    from galloc_mp.targets.running import run_script

    raise typer.Exit(run_script(target, script, timeout, build=build))


@app.command()
def targets() -> None:
    """Lists the targets."""
    from galloc_mp.targets import known_targets

    print("\n".join(known_targets()))


def _add_command(module: str, name: str) -> None:
    """A command that lives in a module of its own, when that is there."""
    import importlib
    import importlib.util

    if importlib.util.find_spec(module):
        app.command(name)(importlib.import_module(module).main)


_add_command("galloc_mp.demo", "demo")
_add_command("galloc_mp.replay.command", "replay")
_add_command("galloc_mp.dump", "open")

if __name__ == "__main__":
    sys.exit(app())
