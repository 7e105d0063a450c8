"""`info`: statistics and map of a board's shared heap."""

from pathlib import Path
from typing import Annotated

import typer

from galloc_mp.board.connection import open_board
from galloc_mp.board.look import Look, Looker
from galloc_mp.dump import show_heap
from galloc_mp.replay.report import console
from galloc_mp.say import busy, fail, progress, sentence
from galloc_mp.targets import TargetError

Port = Annotated[str | None, typer.Option(help="serial port, or a MicroPython's path")]
TargetName = Annotated[str | None, typer.Option(help="one of `galloc-mp targets`")]
Stop = Annotated[bool, typer.Option("--stop", help="stop a program that is running there")]


def show(out, look: Look) -> None:
    """Prints one look."""
    show_heap(out, look.stats, look.chunks, look.size, look.address)
    if look.c_share[0]:
        out.print(f"C modules hold {look.c_share[0]:,} blocks, {look.c_share[1]:,} bytes")


def save(looker: Looker, size: int, path: Path) -> None:
    """Writes a dump of the heap."""
    with progress() as bar:
        task = bar.add_task(f"{path.name} from {looker.board.name}", total=size)
        data = looker.dump(size, lambda count: bar.update(task, completed=count))
    path.write_bytes(data)
    print(f"{path}: {len(data):,} bytes")


def main(
    port: Port = None,
    target: TargetName = None,
    stop: Stop = False,
    dump: Annotated[Path | None, typer.Option(help="also write the heap's bytes here")] = None,
) -> None:
    """Prints statistics and map of the shared heap on a board.

    A program that waits at the prompt with its timers, interrupts or second core at work goes on
    meanwhile. One that runs in the foreground would be stopped: that is refused, unless --stop
    is given. Ends with 1 where there is no heap.
    """
    try:
        with open_board(port, target, interrupt=stop) as board:
            with busy(f"looking at {board.name}"):
                looker = Looker(board)
            with looker:
                with busy(f"looking at {board.name}"):
                    look = looker.look()
                show(console(), look)
                if dump:
                    save(looker, look.size, dump)
    except TargetError as error:
        fail(sentence(error))
    except OSError as error:
        fail(f"{dump}: {error.strerror}")
