"""What smallbins and alignment sub-bins bring and cost, as a table and a picture.

python -m host_tests.bench.guide
"""

import json
import re
import sys
from pathlib import Path

from . import build, callgrind, goals, measure
from .build import CORE, HERE
from .tables import table

SMALLBINS = (4, 8, 12, 16, 22, 32, 48, 64)
SUB_BINS = (2, 4, 8)
REGIONS = (16384, 65536, 262144)
COUNTED = ("R64", "R64n", "lua", "sqlite")
FITTED = ("lua", "tls", "sqlite")
SHARE = 64  # of a region, what control data may take of it
ORIGINAL = (20, 8)  # the default of the allocator that this one is named after


def _constants() -> dict[str, int]:
    """The numbers of config.h, by name."""
    found = re.findall(r"#define GALLOC_(\w+) (\d+)u?$", (CORE / "config.h").read_text(), re.M)
    return {name: int(number) for name, number in found}


CONSTANTS = _constants()
DEFAULT = (CONSTANTS["SMALLBINS"], CONSTANTS["ALIGNMENT_SUB_BINS"])


def given(bins: int, subs: int) -> tuple[int, int]:
    """What a heap gets that asks for these: sub-bins come in powers of two for the limit."""
    subs = min(subs, CONSTANTS["SUB_BINS_MAX"])
    room = 1 << (subs - 1).bit_length()
    return min(bins, CONSTANTS["SMALL_BINS_MAX"] // room), subs


def configurations() -> list[tuple[int, int]]:
    """(smallbins, sub-bins), the cheapest first; only those that a heap gets as it asks for."""
    all_of_them = [(bins, subs) for bins in SMALLBINS for subs in SUB_BINS]
    return [c for c in all_of_them if given(*c) == c]


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


def name(row: dict) -> str:
    """As tables write a configuration."""
    return f"{row['smallbins']} × {row['sub_bins']}"


def reach(rows: list[dict]) -> dict[str, float]:
    """Of the goals for regions, those that any configuration reaches."""
    return {
        what: goal
        for what, goal in goals.REGION_PER_PEAK.items()
        if any(row[f"{what} region"] <= goal for row in rows)
    }


def recommended(rows: list[dict], region: int) -> dict:
    """The fewest instructions in R64 of those that keep to SHARE and to the goals in reach."""
    fit = [r for r in rows if r["control"][str(region)] * SHARE <= region]
    kept = [r for r in fit if all(r[f"{n} region"] <= g for n, g in reach(rows).items())]
    if not kept:
        raise measure.MeasureError(f"no configuration keeps the goals in {region} bytes")
    return min(kept, key=lambda r: r["R64"])


def _one(rows: list[dict], configuration: tuple[int, int]) -> dict:
    return next(r for r in rows if (r["smallbins"], r["sub_bins"]) == configuration)


def advice(rows: list[dict]) -> str:
    """What is recommended and why, and what other choices would bring; one paragraph."""
    within = reach(rows)
    chosen = {region: recommended(rows, region) for region in REGIONS}
    names = ", ".join(f"{name(row)} for {region >> 10} KiB" for region, row in chosen.items())
    kept = ", ".join(f"{what} in {goal:.2f}" for what, goal in within.items())
    text = (
        f"Recommended: {names}; the fewest instructions in R64 of those that keep {kept} times "
        f"the peak and whose control data take up to 1/{SHARE} of the region."
    )
    for what in goals.REGION_PER_PEAK.keys() - within.keys():
        low, high = (f(r[f"{what} region"] for r in rows) for f in (min, max))
        text += (
            f" No configuration brings {what} to {goals.REGION_PER_PEAK[what]:.2f}: it takes "
            f"{low:.3f} to {high:.3f} with all of them."
        )
    cheapest = min(rows, key=lambda r: r["R64"])
    default = _one(rows, DEFAULT)
    served = " and ".join(
        f"{region >> 10} KiB" for region, row in chosen.items() if row is default
    )
    text += (
        f" The default, {name(default)}, is what is recommended for {served or 'none of these'}."
    )
    if cheapest is not default:
        text += (
            f" {name(cheapest)} takes {cheapest['R64']:.0f} instructions in R64, the default "
            f"{default['R64']:.0f}; tls then needs {cheapest['tls region']:.4f} instead of "
            f"{default['tls region']:.4f}."
        )
    original = _one(rows, given(*ORIGINAL))
    text += (
        f" The original's default, {ORIGINAL[0]} × {ORIGINAL[1]}, is cut to {name(original)} and "
        f"costs {original['control']['65536']} bytes of control data in 64 KiB instead of "
        f"{default['control']['65536']}, and tls {original['tls region']:.4f}."
    )
    return text


def document(rows: list[dict], cc: str) -> str:
    """The table in Markdown."""
    head = ["smallbins × sub-bins", *(f"control, {r >> 10} KiB" for r in REGIONS)]
    head += [f"{name} instr" for name in COUNTED] + ["F64 fill", "F64 refill"]
    head += [f"{name} region ÷ peak" for name in FITTED]
    body = []
    for row in rows:
        default = ", default" if row is _one(rows, DEFAULT) else ""
        cells = [str(row["control"][str(r)]) for r in REGIONS]
        cells += [f"{row[what]:.1f}" for what in COUNTED]
        cells += [f"{row['fill']:.4f}", f"{row['refill']:.4f}"]
        cells += [f"{row[f'{what} region']:.4f}" for what in FITTED]
        body.append([name(row) + default, *cells])
    wanted = [""] * (len(REGIONS) + len(COUNTED) + 1) + [f"{goals.REFILL['F64']:.3f}"]
    body.append(["*goal*", *wanted, *(f"{goals.REGION_PER_PEAK[n]:.2f}" for n in FITTED)])
    return (
        "# Configuration guide\n\nWritten by `make bench`; not edited by hand. Default build, "
        f"{cc}. Control data in bytes; instructions an operation.\n\n{advice(rows)}\n\n"
        f"{table(head, body)}\n\n"
        "![What smallbins and sub-bins bring and cost](guide.png)\n"
    )


PANELS = (
    ("R64", "R64", "instructions an operation"),
    ("lua", "lua", "instructions an operation"),
    ("control", "Control data in 64 KiB", "bytes"),
    ("lua region", "lua", "region ÷ peak"),
    ("tls region", "tls", "region ÷ peak"),
    ("sqlite region", "sqlite", "region ÷ peak"),
    ("refill", "F64 at the second refusal", "requested bytes ÷ region"),
)


def _value(row: dict, key: str) -> float:
    return row["control"]["65536"] if key == "control" else row[key]


def picture(rows: list[dict], path: Path) -> None:
    """Instructions, regions and control data over the smallbins, a line a number of sub-bins."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    wanted = {f"{what} region": goal for what, goal in goals.REGION_PER_PEAK.items()}
    wanted["refill"] = goals.REFILL["F64"]
    marks = {"default": ("s", "black", _one(rows, DEFAULT))}
    for region, colour in zip(REGIONS, ("tab:red", "tab:purple", "tab:brown"), strict=True):
        row = recommended(rows, region)
        marks[f"recommended, {region >> 10} KiB"] = ("o", colour, row)
    figure, grid = plt.subplots(2, 4, figsize=(16, 7.5), layout="constrained")
    for axes, (key, title, unit) in zip(grid.flat, PANELS, strict=False):
        for subs in SUB_BINS:
            some = [r for r in rows if r["sub_bins"] == subs]
            bins = [r["smallbins"] for r in some]
            values = [_value(r, key) for r in some]
            axes.plot(bins, values, ".-", label=f"{subs} sub-bins")
        if key in wanted:
            axes.axhline(wanted[key], color="black", lw=1.2, ls="--", label="goal")
        for size, (label, (shape, colour, row)) in enumerate(marks.items()):
            at = (row["smallbins"], _value(row, key))
            ring = dict(mfc="none", mec=colour, mew=1.6, ms=8 + 4 * size, ls="none")
            axes.plot(*at, shape, label=label, **ring)
        axes.set(title=title, xlabel="smallbins", ylabel=unit)
        axes.set_xticks(SMALLBINS)
        axes.grid(alpha=0.3)
    handles, labels = grid[1, 0].get_legend_handles_labels()
    last = grid[1, 3]
    last.axis("off")
    last.legend(handles, labels, loc="center")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def write(rows: list[dict], folder: Path, cc: str) -> None:
    """guide.md and guide.png. cc: what the figures were counted with."""
    (folder / "guide.md").write_text(document(rows, cc))
    picture(rows, folder / "guide.png")


def draw(folder: Path, cc: str) -> None:
    """Both anew, from what guide.json has."""
    write(json.loads((folder / "guide.json").read_text()), folder, cc)


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
    write(rows, folder, build.compiler())
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
