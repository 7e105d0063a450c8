"""`report`: makes the page."""

import html
import json
import re
from pathlib import Path
from typing import Annotated

import typer

from galloc_mp import __version__
from galloc_mp.core import CoreError
from galloc_mp.dump import load as load_dump
from galloc_mp.files import CHARTS, FilesError, find
from galloc_mp.page import curves
from galloc_mp.page.collect import NoReport, of_dump, of_trace
from galloc_mp.replay.fit import FitError
from galloc_mp.replay.trace import Trace, TraceError
from galloc_mp.replay.trace import load as load_trace
from galloc_mp.say import fail, progress
from galloc_mp.size import ROUND, STEPS, serves_from

HERE = Path(__file__).parent


def is_trace(path: Path) -> bool:
    """Whether a file is a trace rather than a dump: by its name, else by its first bytes."""
    if path.name.endswith((".trace", ".trace.gz")):
        return True
    with open(path, "rb") as file:
        head = file.read(64)
    first = head.split(b"\n")[0].split()
    return bool(first) and first[0] in (b"a", b"r", b"f", b"#")


def region_for(trace: Trace) -> int:
    """The size to replay in: that of the recording, else one that serves. Raises FitError."""
    if region := trace.remarks.get("region", ""):
        return int(region)
    room = max(-(-trace.peak // STEPS // 8) * 8, 8)
    size = serves_from(trace, 0, 0, 0, room)
    if not size:
        raise FitError(f"{trace.name}: 4 times its peak is not enough; give a size with --region")
    return -(-size // ROUND) * ROUND


def page(data: dict) -> str:
    """The page, with all it needs inside. Raises FilesError."""
    script, style, licence = (find(name).read_text(encoding="utf-8") for name in CHARTS)
    # No text of ours or of a file's may end the element that it is in.
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    parts = {
        "TITLE": html.escape(f"{data['name']} - galloc"),
        "CHART_LICENCE": licence.strip().replace("--", "- -"),
        "CHART_STYLE": style,
        "CHART_SCRIPT": script,
        "STYLE": (HERE / "page.css").read_text(encoding="utf-8"),
        "SCRIPT": (HERE / "page.js").read_text(encoding="utf-8"),
        "DATA": text,
        "VERSION": __version__,
    }
    template = (HERE / "page.html").read_text(encoding="utf-8")
    # In one pass: a part may hold what looks like a mark.
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark[1]], template)


def collect(path: Path, region: int, smallbins: int, sub_bins: int) -> dict:
    """What there is to show about a file. Raises what main() turns into a sentence."""
    if not is_trace(path):
        core = load_dump(path)
        return of_dump(core, path.name, path.stat().st_size)
    trace = load_trace(path)
    with progress() as bar:
        if not region:
            task = bar.add_task(f"{trace.name}: a region that serves", total=None)
            region = region_for(trace)
            bar.remove_task(task)
        task = bar.add_task(f"{trace.name}: replay in {region:,} bytes", total=1.0)
        return of_trace(
            trace,
            region,
            smallbins=smallbins,
            sub_bins=sub_bins,
            report=lambda share: bar.update(task, completed=share),
        )


def main(
    file: Annotated[Path, typer.Argument(help="a trace, or what heap.dump(stream) wrote")],
    output: Annotated[Path, typer.Option("-o", "--output", help="the page")] = Path("report.html"),
    png: Annotated[Path | None, typer.Option(help="also write the curves as a picture")] = None,
    region: Annotated[
        int, typer.Option(min=0, help="bytes to replay in; 0: as recorded, or what serves")
    ] = 0,
    smallbins: Annotated[int, typer.Option(min=0, max=65535, help="0: the default")] = 0,
    sub_bins: Annotated[int, typer.Option(min=0, max=65535, help="0: the default")] = 0,
) -> None:
    """Makes one page, which needs no network, of a recorded program or of a dump.

    It shows the map of the heap over time, used and free bytes, the largest free chunk and the
    fragmentation as curves, the fullest moment, and the blocks that lived longest.
    """
    try:
        data = collect(file, region, smallbins, sub_bins)
        if png:
            curves.draw(data, png)
            print(png)
        output.write_text(page(data), encoding="utf-8")
        print(output)
    except (TraceError, FitError, CoreError, NoReport, FilesError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or file}: {error.strerror}")
    except ValueError as error:
        fail(f"{file}: {error}")
