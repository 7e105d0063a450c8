"""`top`: a board's shared heap, live."""

import sys
import time
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from galloc_mp.board.connection import open_board
from galloc_mp.board.info import Port, RegionName, Stop, TargetName, parse_region
from galloc_mp.board.look import Look, Looker, Region
from galloc_mp.replay.heap_map import draw
from galloc_mp.replay.report import console
from galloc_mp.say import fail, sentence
from galloc_mp.targets import TargetError

BAR = 40  # characters


def bar(part: int, whole: int, style: str, *, plain: bool) -> Text:
    """A bar as long as `part` of `whole`."""
    done = round(BAR * part / whole) if whole else 0
    on, off = ("#", ".") if plain else ("█", "░")
    return Text.assemble((on * done, style), (off * (BAR - done), "dim"))


def screen(name: str, look: Look, before: Look | None, seconds: float, *, plain: bool) -> Group:
    """One picture of the heap; `before`: the look `seconds` ago."""
    s = look.stats
    rows = Table.grid(padding=(0, 2))
    payload = s.used + s.free
    for title, value, style in (
        ("used", s.used, "green"),
        ("peak", s.peak_used, "yellow"),
        ("free", s.free, "cyan"),
        ("largest", s.largest, "cyan"),
    ):
        share = f"{100 * value / payload:5.1f} %" if payload else ""
        rows.add_row(title, bar(value, payload, style, plain=plain), f"{value:>9,}", share)
    rate = ""
    if before and seconds > 0:
        rate = f", {(s.allocs - before.stats.allocs) / seconds:,.0f} allocs a second"
    line = (
        f"blocks {s.blocks:,}, free chunks {s.free_chunks:,}, fragmentation "
        f"{s.fragmentation:.3f}, failures {s.failures:,}{rate}"
    )
    if look.c_share[0]:
        line += f"; C holds {look.c_share[0]:,} blocks, {look.c_share[1]:,} bytes"
    head = Text(f"{name}: {look.size:,} bytes at 0x{look.address:08x}", "bold")
    return Group(
        head,
        rows,
        Text(line),
        draw(look.chunks, look.size, plain=plain),
        Text("Ctrl-C ends", "dim"),
    )


def line(look: Look) -> str:
    """One line, for an output that is no terminal."""
    s = look.stats
    return (
        f"used {s.used} free {s.free} largest {s.largest} peak {s.peak_used} blocks {s.blocks} "
        f"free_chunks {s.free_chunks} allocs {s.allocs} frees {s.frees} failures {s.failures} "
        f"fragmentation {s.fragmentation:.4f}"
    )


def watch(looker: Looker, region: Region, out: Console, interval: float, count: int) -> None:
    """Shows look after look; count: how many, 0 for no end."""
    plain = not (out.encoding or "").lower().startswith("utf")
    before, then, done = None, 0.0, 0
    with Live(console=out, auto_refresh=False, screen=out.is_terminal) as live:
        while True:
            start = time.monotonic()
            look = looker.look(region)
            if out.is_terminal:
                name = looker.board.name
                shown = screen(name, look, before, start - then, plain=plain)
                live.update(shown, refresh=True)
            else:
                print(line(look), flush=True)
            before, then, done = look, start, done + 1
            if done == count:
                return
            time.sleep(max(0.0, interval - (time.monotonic() - start)))


def main(
    port: Port = None,
    target: TargetName = None,
    stop: Stop = False,
    region: RegionName = None,
    interval: Annotated[float, typer.Option(min=0.1, help="seconds between two looks")] = 1.0,
    count: Annotated[int, typer.Option(min=0, help="looks after which it ends; 0: none")] = 0,
) -> None:
    """Shows the shared heap of a board live, until Ctrl-C; the first region's, or --region's.

    What is at work there in timers, interrupts or on the second core goes on meanwhile. A program
    in the foreground would be stopped: that is refused, unless --stop is given. Into a file or a
    pipe it writes a line for each look.
    """
    try:
        with open_board(port, target, interrupt=stop) as board, Looker(board) as looker:
            watch(looker, parse_region(region), console(), interval, count)
    except KeyboardInterrupt:
        sys.stdout.flush()
    except TargetError as error:
        fail(sentence(error))
