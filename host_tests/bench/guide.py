"""What smallbins and alignment sub-bins bring and cost, as a table and a picture.

python -m host_tests.bench.guide
"""

import json
import sys
from pathlib import Path

from . import build, callgrind, measure
from .build import HERE
from .tables import table

SMALLBINS = (4, 8, 12, 20, 32, 48, 64)
SUB_BINS = (2, 4, 8)
REGIONS = (16384, 65536, 262144)
COUNTED = ("R64", "R64n", "lua", "sqlite")
FITTED = ("lua", "tls", "sqlite")
SHARE = 128  # of a region, what control data may take of it
MOST = 128  # GALLOC_SMALL_BINS_MAX: beyond, a configuration is another one


def configurations() -> list[tuple[int, int]]:
    """(smallbins, sub-bins), the cheapest first."""
    return [(bins, subs) for bins in SMALLBINS for subs in SUB_BINS if bins * subs <= MOST]


def measure_one(binary: build.Binary, bins: int, subs: int) -> dict:
    """Figures of one configuration. Raises MeasureError."""
    settings = {"BENCH_SMALLBINS": str(bins), "BENCH_SUB_BINS": str(subs)}
    known, paths = measure.inputs(), measure.traces()
    row: dict = {"smallbins": bins, "sub_bins": subs}
    row["control"] = {
        str(r): measure.driver(binary, "control", str(r), settings=settings)[0]["control"]
        for r in REGIONS
    }
    for name in COUNTED:
        profile = callgrind.profile(binary, known[name], settings=settings)
        row[name] = profile.per_operation
    refill = measure.driver(binary, "work", "F64", "1", settings=settings)[0]
    row["fill"], row["refill"] = refill["fill"], refill["refill"]
    for name in FITTED:
        fit = measure.driver(binary, "fit", str(paths[name]), settings=settings)[0]
        row[f"{name} region"] = fit["smallest"] / fit["peak"]
    return row


def recommended(rows: list[dict], region: int) -> dict:
    """The fewest instructions in R64 that SHARE allows, or else the least control data."""
    fit = [r for r in rows if r["control"][str(region)] * SHARE <= region]
    if fit:
        return min(fit, key=lambda r: r["R64"])
    return min(rows, key=lambda r: r["control"][str(region)])


def advice(rows: list[dict]) -> str:
    """A sentence that recommends a configuration for each region."""
    names = []
    for region in REGIONS:
        row = recommended(rows, region)
        names.append(f"{row['smallbins']} × {row['sub_bins']} for {region >> 10} KiB")
    return (
        f"Recommended: {', '.join(names)}; the fewest instructions in R64 of those whose control "
        f"data take up to 1/{SHARE} of the region, or else the least control data."
    )


def document(rows: list[dict], cc: str) -> str:
    """The table in Markdown."""
    head = ["smallbins × sub-bins", *(f"control, {r >> 10} KiB" for r in REGIONS)]
    head += [f"{name} instr" for name in COUNTED] + ["F64 fill", "F64 refill"]
    head += [f"{name} region ÷ peak" for name in FITTED]
    body = []
    for row in rows:
        cells = [str(row["control"][str(r)]) for r in REGIONS]
        cells += [f"{row[name]:.1f}" for name in COUNTED]
        cells += [f"{row['fill']:.4f}", f"{row['refill']:.4f}"]
        cells += [f"{row[f'{name} region']:.4f}" for name in FITTED]
        body.append([f"{row['smallbins']} × {row['sub_bins']}", *cells])
    return (
        "# Configuration guide\n\nWritten by `make bench`; not edited by hand. Default build, "
        f"{cc}. Control data in bytes; instructions an operation.\n\n{advice(rows)}\n\n"
        f"{table(head, body)}\n\n"
        "![What smallbins and sub-bins bring and cost](guide.png)\n"
    )


def picture(rows: list[dict], path: Path) -> None:
    """Instructions, regions and control data over the smallbins, a line a number of sub-bins."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels = [
        ("R64", "R64: instructions an operation"),
        ("lua", "lua: instructions an operation"),
        ("lua region", "lua: region ÷ peak"),
        ("sqlite region", "sqlite: region ÷ peak"),
        ("refill", "F64: refill"),
        ("control", "control data in 64 KiB, bytes"),
    ]
    figure, grid = plt.subplots(2, 3, figsize=(13, 7), layout="constrained")
    for axes, (key, title) in zip(grid.flat, panels, strict=True):
        for subs in SUB_BINS:
            some = [r for r in rows if r["sub_bins"] == subs]
            values = [r["control"]["65536"] if key == "control" else r[key] for r in some]
            bins = [r["smallbins"] for r in some]
            axes.plot(bins, values, "o-", ms=4, label=f"{subs} sub-bins")
        axes.set(title=title, xlabel="smallbins")
        axes.set_xticks(SMALLBINS)
        axes.grid(alpha=0.3)
    grid[0, 0].legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def run(folder: Path, tick=lambda _: None) -> list[dict]:
    """Measures all configurations and writes guide.md, guide.json and guide.png."""
    binary = build.galloc("galloc")

    def job(bins: int, subs: int) -> dict:
        row = measure_one(binary, bins, subs)
        tick(f"configuration {bins} × {subs}")
        return row

    rows = measure.in_parallel([lambda b=b, s=s: job(b, s) for b, s in configurations()])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "guide.json").write_text(json.dumps(rows, indent=1) + "\n")
    (folder / "guide.md").write_text(document(rows, build.compiler()))
    picture(rows, folder / "guide.png")
    return rows


def main() -> int:
    try:
        rows = run(HERE / "results", lambda what: print(f"guide: {what}", file=sys.stderr))
    except (build.BuildError, measure.MeasureError) as error:
        print(f"guide: {error}", file=sys.stderr)
        return 1
    print(document(rows, build.compiler()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
