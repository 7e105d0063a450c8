"""The curves of a page as a picture, through matplotlib."""

from pathlib import Path

from galloc_mp.page.collect import NoReport

COLOURS = {"used": "#2563c9", "free": "#7a8594", "largest": "#c2620c"}


def draw(data: dict, path: Path) -> None:
    """Writes the curves of a trace. Raises NoReport where that cannot be."""
    if data["kind"] != "trace":
        raise NoReport(f"{data['name']}: a dump is one moment, and has no curves for --png")
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
        from matplotlib.ticker import StrMethodFormatter
    except ImportError:
        raise NoReport("--png needs matplotlib: pip install 'galloc-mp[plot]'") from None
    figure, (upper, lower) = pyplot.subplots(
        2, 1, sharex=True, figsize=(9, 5.5), height_ratios=(3, 1), layout="constrained"
    )
    for name, colour in COLOURS.items():
        label = {"largest": "largest free chunk"}.get(name, name)
        upper.plot(data["done"], data["curves"][name], color=colour, label=label, linewidth=1.3)
    figure.suptitle(f"{data['name']}: {data['operations']:,} operations in {data['size']:,} bytes")
    upper.set_ylabel("bytes")
    upper.set_ylim(bottom=0)
    upper.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    upper.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    lower.plot(data["done"], data["curves"]["fragmentation"], color="#a3308a", linewidth=1.3)
    lower.set_ylabel("fragmentation")
    lower.set_ylim(0, 1)
    lower.set_xlabel("operations")
    lower.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    for axes in (upper, lower):
        axes.grid(alpha=0.25)
    try:
        figure.savefig(path, dpi=120)
    except ValueError as error:
        raise NoReport(f"{path}: {error}") from None
    finally:
        pyplot.close(figure)
