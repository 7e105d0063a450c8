"""Figures as pictures."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend is chosen first)

from .run import LEVELS, OURS  # noqa: E402
from .tables import per_cent  # noqa: E402

COLOURS = [
    "#d62728", "#ff9896", "#ffcfcc", "#1f77b4", "#aec7e8", "#2ca02c", "#8c564b",
    "#9467bd", "#e377c2", "#17becf", "#bcbd22", "#ff7f0e", "#7f7f7f",
]  # fmt: skip


def _colour(figures: dict, subject: str) -> str:
    return COLOURS[list(figures["versions"]).index(subject) % len(COLOURS)]


def _thousands(value: float, _) -> str:
    return f"{value:,.0f}"


def course(figures: dict, name: str, path: Path) -> None:
    """One of the original's graphs: score over time, and ours as a percentage of each other."""
    tenths = [i / 10 * figures["seconds"] for i in range(1, 11)]
    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    for subject, row in figures["original"].items():
        label = subject if subject == OURS else f"{subject}: {per_cent(row[name]):.0f} %"
        mine = subject == OURS
        style = "--" if not mine and subject in (*LEVELS, "glibc malloc") else "-"
        axes.plot(
            tenths,
            row[name]["scores"],
            style,
            label=label,
            lw=2.6 if mine else 1.4,
            zorder=4 if mine else 2,  # others lie on it otherwise
            color=_colour(figures, subject),
        )
    axes.set(title=name, xlabel="time (seconds)", ylabel="actions", xlim=(tenths[0], tenths[-1]))
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(_thousands)
    axes.grid(alpha=0.3)
    legend = "allocator: galloc's score ÷ its score"
    axes.legend(title=legend, loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _bars(axes, figures: dict, subjects: list[str], names: list[str], value) -> None:
    width = 0.8 / len(subjects)
    for i, subject in enumerate(subjects):
        heights = [value(subject, n) or 0 for n in names]
        places = [k - 0.4 + (i + 0.5) * width for k in range(len(names))]
        axes.bar(places, heights, width, label=subject, color=_colour(figures, subject))
    axes.set_xticks(range(len(names)), names)
    axes.grid(axis="y", alpha=0.3)


def instructions(figures: dict, path: Path) -> None:
    """Instructions an operation, all allocators, logarithmic."""
    subjects = list(figures["instructions"])
    figure, axes = plt.subplots(figsize=(13, 5.5), layout="constrained")
    table = figures["instructions"]
    _bars(
        axes, figures, subjects, figures["inputs"], lambda s, n: table[s][n] and table[s][n]["all"]
    )
    axes.set_yscale("log")
    ticks = [20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000]
    axes.set_yticks(ticks, [f"{t:,}" for t in ticks])
    axes.set(
        title="Instructions an operation (no bar: too slow to be counted)", ylabel="instructions"
    )
    axes.set_ylim(bottom=20)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def regions(figures: dict, path: Path) -> None:
    """Smallest region ÷ peak of live bytes."""
    table = figures["fits"]
    subjects = [s for s, row in table.items() if row]
    names = list(table[OURS])

    def ratio(subject: str, name: str) -> float | None:
        fit = table[subject].get(name)
        return fit["smallest"] / fit["peak"] if fit and fit["smallest"] else None

    figure, axes = plt.subplots(figsize=(11, 5.5), layout="constrained")
    _bars(axes, figures, subjects, names, ratio)
    axes.set(title="Smallest region ÷ peak of live bytes", ylabel="ratio")
    top = 2.0  # what is higher is cut off, and has its figure above the cut
    axes.set_ylim(0.95, top + 0.18)
    for bar in (bar for container in axes.containers for bar in container):
        height = bar.get_height()
        middle = bar.get_x() + bar.get_width() / 2
        cut = height > top or not height
        if cut:
            bar.set_height(top)
            axes.plot(middle, top - 0.04, marker=(2, 0, -60), ms=12, mec="white", mew=2)
        axes.annotate(
            f"{height:.3f}" if height else "> 4",
            (middle, top if cut else height),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=7,
            rotation=90,
        )
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def everything(figures: dict, folder: Path) -> list[Path]:
    """Writes all pictures and returns their paths."""
    paths = []
    for name in ("random_actions", "heap_exhaustion"):
        paths.append(folder / f"{name}.png")
        course(figures, name, paths[-1])
    paths += [folder / "instructions.png", folder / "regions.png"]
    instructions(figures, paths[-2])
    regions(figures, paths[-1])
    return paths
