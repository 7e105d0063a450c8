"""`info`: statistics and map of a board's shared heaps."""

from pathlib import Path
from typing import Annotated

import typer

from galloc_mp.board.connection import open_board
from galloc_mp.board.look import Look, Looker, Region
from galloc_mp.dump import show_heap
from galloc_mp.replay.report import console
from galloc_mp.say import busy, fail, progress, sentence
from galloc_mp.targets import TargetError

Port = Annotated[str | None, typer.Option(help="serial port, or a MicroPython's path")]
TargetName = Annotated[str | None, typer.Option(help="one of `galloc-mp targets`")]
Stop = Annotated[bool, typer.Option("--stop", help="stop a program that is running there")]
RegionName = Annotated[
    str | None,
    typer.Option("--region", help="number in galloc.regions(), or attributes, such as DMA"),
]


def parse_region(name: str | None) -> Region:
    """What galloc.heap() takes for it."""
    return int(name) if name and name.isdecimal() else name


def show(out, look: Look) -> None:
    """Prints one look."""
    show_heap(out, look.stats, look.chunks, look.size, look.address)
    if look.c_share[0]:
        out.print(f"C modules hold {look.c_share[0]:,} blocks, {look.c_share[1]:,} bytes")


def heaps(looker: Looker) -> dict[Region, str]:
    """The regions with a heap, and a title for each where the board has several regions."""
    regions = looker.regions()
    found = {i: f"{name}, {what}:" for i, (name, what, there) in enumerate(regions) if there}
    return found if found and len(regions) > 1 else {None: ""}


def save(looker: Looker, size: int, region: Region, path: Path) -> None:
    """Writes a dump of the heap."""
    with progress() as bar:
        task = bar.add_task(f"{path.name} from {looker.board.name}", total=size)
        data = looker.dump(size, lambda count: bar.update(task, completed=count), region)
    path.write_bytes(data)
    print(f"{path}: {len(data):,} bytes")


def main(
    port: Port = None,
    target: TargetName = None,
    stop: Stop = False,
    region: RegionName = None,
    dump: Annotated[Path | None, typer.Option(help="also write the heap's bytes here")] = None,
) -> None:
    """Prints statistics and map of the shared heap on a board, of each region that has one.

    A program that waits at the prompt with its timers, interrupts or second core at work goes on
    meanwhile. One that runs in the foreground would be stopped: that is refused, unless --stop
    is given. The dump is of the first heap shown. Ends with 1 where there is no heap.
    """
    try:
        with open_board(port, target, interrupt=stop) as board:
            with busy(f"looking at {board.name}"):
                looker = Looker(board)
            with looker:
                with busy(f"looking at {board.name}"):
                    chosen = {parse_region(region): ""} if region else heaps(looker)
                    looks = {number: looker.look(number) for number in chosen}
                for number, look in looks.items():
                    if chosen[number]:
                        print(chosen[number])
                    show(console(), look)
                if dump:
                    number, look = next(iter(looks.items()))
                    save(looker, look.size, number, dump)
    except TargetError as error:
        fail(sentence(error))
    except OSError as error:
        fail(f"{dump}: {error.strerror}")
