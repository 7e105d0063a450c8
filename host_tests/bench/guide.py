"""What smallbins and alignment sub-bins bring and cost, as a table and a picture.

python -m host_tests.bench.guide
"""

import json
import re
import sys
from pathlib import Path

from . import build, callgrind, measure
from .build import BUILD, CORE, HERE
from .tables import table

SMALLBINS = (4, 8, 12, 16, 22, 32, 48, 64)
SUB_BINS = (2, 4, 8)
ORIGINAL = (20, 8)  # the default of the allocator that this one is named after
REGIONS = (16384, 65536, 262144)
COUNTED = ("R64", "R64n", "lua", "sqlite")
FITTED = ("lua", "tls", "sqlite")
SHARE = 64  # control data may take this part of a region
RAW = BUILD / "guide.json"


def _constants() -> dict[str, int]:
    """The numbers of galloc_config.h, by name."""
    text = (CORE / "galloc_config.h").read_text()
    found = re.findall(r"#define GALLOC_(\w+) (\d+)u?$", text, re.M)
    return {name: int(number) for name, number in found}


CONSTANTS = _constants()
DEFAULT = (CONSTANTS["SMALLBINS"], CONSTANTS["ALIGNMENT_SUB_BINS"])
LIMITS = (64, 128, 256)  # what GALLOC_BINS can be


def _size_class(words: int) -> int:
    """As size_class of bins.h."""
    bits = CONSTANTS["BITS_OF_OCTAVE"]
    octave = words.bit_length() - 1
    return (words << bits >> octave) + (octave << bits)


def given(bins: int, subs: int, limit: int = CONSTANTS["BINS"], region: int = REGIONS[1]):
    """(smallbins, sub-bins) of a heap that asks for these, as lay_out of galloc.c finds them.

    limit: GALLOC_BINS. region: bytes, a power of two, so that its class is the one below.
    """
    subs = min(subs, 16 if limit > 64 else 8)
    room = 1 << (subs - 1).bit_length()
    words = region // 4 - 1
    bins = min(bins, limit // 2)
    while bins > 1:
        large = _size_class(words | bins * 2) + 1 - _size_class(bins * 2)
        if bins * room + large <= limit:
            break
        bins -= 1
    return bins, subs


def limit_for(bins: int, subs: int) -> int | None:
    """The least GALLOC_BINS with which a heap of REGIONS[1] gets what it asks for."""
    return next((n for n in LIMITS if given(bins, subs, n) == (bins, subs)), None)


def largest_region(bins: int, subs: int, limit: int = CONSTANTS["BINS"]) -> int:
    """The largest region, a power of two, that a heap has this configuration whole in."""
    sizes = (1 << log for log in range(14, 31))
    return max(size for size in sizes if given(bins, subs, limit, size) == (bins, subs))


def configurations() -> list[tuple[int, int, int]]:
    """(smallbins, sub-bins, GALLOC_BINS), the smallest first."""
    pairs = sorted({*((bins, subs) for bins in SMALLBINS for subs in SUB_BINS), ORIGINAL})
    return [(*pair, limit) for pair in pairs if (limit := limit_for(*pair))]


def binary_for(limit: int) -> build.Binary:
    """galloc with so many bins. Raises BuildError."""
    if limit == CONSTANTS["BINS"]:
        return build.galloc()
    return build.galloc(f"galloc-bins{limit}", (f"-DGALLOC_BINS={limit}",))


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


def default_build(rows: list[dict]) -> list[dict]:
    """Those that need no other GALLOC_BINS."""
    return [r for r in rows if r["limit"] == CONSTANTS["BINS"]]


def recommended(rows: list[dict], region: int) -> dict:
    """The fewest instructions, summed over COUNTED, of those of the default build within SHARE."""
    fit = [r for r in default_build(rows) if r["control"][str(region)] * SHARE <= region]
    if not fit:
        raise measure.MeasureError(f"no configuration keeps to 1/{SHARE} of {region} bytes")
    return min(fit, key=lambda r: sum(r[what] for what in COUNTED))


def _one(rows: list[dict], configuration: tuple[int, int]) -> dict:
    return next(r for r in rows if (r["smallbins"], r["sub_bins"]) == configuration)


def _against(row: dict, default: dict) -> str:
    """What a configuration takes, with the default's figures beside."""
    control = (r["control"]["65536"] for r in (row, default))
    return (
        f"{row['R64']:.1f} instructions in R64 where the default takes {default['R64']:.1f}, "
        "{} bytes of control data in 64 KiB instead of {}, ".format(*control)
        + f"and {row['tls region']:.4f} times the peak for tls instead of "
        f"{default['tls region']:.4f}"
    )


def advice(rows: list[dict]) -> str:
    """What is recommended and why, and what other choices bring; one paragraph."""
    chosen = {region: recommended(rows, region) for region in REGIONS}
    names = ", ".join(f"{name(row)} for {region >> 10} KiB" for region, row in chosen.items())
    default, original = _one(rows, DEFAULT), _one(rows, ORIGINAL)
    spread = [
        f"{what} {min(r[f'{what} region'] for r in rows):.3f} to "
        f"{max(r[f'{what} region'] for r in rows):.3f}"
        for what in FITTED
    ]
    text = (
        f"Recommended: {names}. Of the configurations that need no other GALLOC_BINS and take up "
        f"to 1/{SHARE} of the region for control data, these take the fewest instructions, summed "
        f"over {', '.join(COUNTED)}. The memory that programs need hardly depends on the choice: "
        f"{', '.join(spread)} times the peak. The default is {name(default)}; regions above "
        f"{largest_region(*DEFAULT) >> 10:,} KiB reduce its smallbins."
    )
    more = _one(rows, (22, 2))
    text += (
        f" {name(more)} takes {_against(more, default)}; regions above "
        f"{largest_region(more['smallbins'], more['sub_bins'], more['limit']) >> 10:,} KiB reduce "
        "its smallbins."
    )
    text += (
        f" The original's default, {name(original)}, needs GALLOC_BINS={original['limit']}: "
        f"it takes {_against(original, default)}."
    )
    return text


def document(rows: list[dict], cc: str) -> str:
    """The table in Markdown."""
    head = ["smallbins × sub-bins", "GALLOC_BINS", *(f"control, {r >> 10} KiB" for r in REGIONS)]
    head += [f"{name} instr" for name in COUNTED] + ["F64 fill", "F64 refill"]
    head += [f"{name} region ÷ peak" for name in FITTED]
    body = []
    for row in rows:
        default = ", default" if row is _one(rows, DEFAULT) else ""
        cells = [str(row["limit"]), *(str(row["control"][str(r)]) for r in REGIONS)]
        cells += [f"{row[what]:.1f}" for what in COUNTED]
        cells += [f"{row['fill']:.4f}", f"{row['refill']:.4f}"]
        cells += [f"{row[f'{what} region']:.4f}" for what in FITTED]
        body.append([name(row) + default, *cells])
    return (
        "# Configuration guide\n\nWritten by `make bench`; not edited by hand. Default build, "
        f"{cc}. Control data in bytes; instructions an operation. GALLOC_BINS: the least with "
        "which a heap of 64 KiB gets the configuration whole; with each doubling of the region "
        "the large chunks take two bins more.\n\n"
        f"{advice(rows)}\n\n{table(head, body)}\n\n"
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
    figure.savefig(path, dpi=80)
    plt.close(figure)


def write(rows: list[dict], folder: Path, cc: str) -> None:
    """guide.md and guide.png. cc: what the figures were counted with."""
    (folder / "guide.md").write_text(document(rows, cc))
    picture(rows, folder / "guide.png")


def draw(folder: Path, cc: str) -> None:
    """Both from the last run's figures."""
    write(json.loads(RAW.read_text()), folder, cc)


def run(folder: Path, tick=lambda _: None) -> list[dict]:
    """Measures all configurations and writes guide.md and guide.png."""
    wanted = configurations()
    binaries = {limit: binary_for(limit) for limit in sorted({c[2] for c in wanted})}

    def job(bins: int, subs: int, limit: int) -> dict:
        row = measure_one(binaries[limit], bins, subs) | {"limit": limit}
        tick(f"configuration {bins} × {subs}")
        return row

    rows = measure.in_parallel([lambda c=c: job(*c) for c in wanted])
    folder.mkdir(parents=True, exist_ok=True)
    RAW.write_text(json.dumps(rows, indent=1) + "\n")
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
