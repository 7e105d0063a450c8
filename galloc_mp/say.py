"""How the commands speak: results on stdout, progress and errors on stderr."""

import contextlib
import sys
from collections.abc import Iterator
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


def fail(message: str) -> NoReturn:
    """Ends the command with status 1 and a sentence on stderr."""
    sys.stdout.flush()
    print(message, file=sys.stderr)
    raise typer.Exit(1)


def sentence(error: Exception) -> str:
    """What an error says in one line: of a script that raised, the exception."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    lines = (getattr(error, "traceback", "") or "").strip().splitlines()
    text = str(error.args[0] if error.args else error).strip()
    return f"{text}: {lines[-1]}" if lines else " ".join(text.split("\n"))


def progress() -> Progress:
    """A progress display on stderr; one that says nothing where that is no terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    console = Console(stderr=True, highlight=False)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextlib.contextmanager
def busy(what: str) -> Iterator[None]:
    """Shows on stderr what is going on, where that is a terminal."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield
