"""Which goals are reached and which are missed."""

from dataclasses import dataclass

from . import goals
from .run import FAST, OURS

HEAD = ("figure", "of", "measured", "goal", "verdict")
WORST_NAMES = {
    "alloc_400": "alloc(400)",
    "alloc_200_64": "alloc(200, align 64)",
    "alloc": "alloc",
    "aligned": "over-aligned alloc",
    "free": "free",
    "resize": "resize",
}


@dataclass(frozen=True)
class Verdict:
    """A goal and the figure that it is for. at_least: the figure may not be below it."""

    group: str
    what: str
    goal: float
    figure: float
    digits: int = 0
    at_least: bool = False

    @property
    def reached(self) -> bool:
        """By the figure itself, not as it is printed."""
        return self.figure >= self.goal if self.at_least else self.figure <= self.goal

    def row(self) -> list[str]:
        """A row of a table with HEAD."""
        limit = f"{'≥' if self.at_least else '≤'} {self.goal:.{self.digits}f}"
        figure = f"{self.figure:.{self.digits}f}"
        return [self.group, self.what, figure, limit, "reached" if self.reached else "missed"]


def of_bench(figures: dict) -> list[Verdict]:
    """What `make bench` measures; what a quick run leaves out is not there."""
    ours, fast = figures["instructions"][OURS], figures["instructions"][FAST]
    highest = (figures["worst"].get(FAST) or {}).get("highest", {})
    fits = figures["fits"][OURS]
    found = [
        Verdict("instructions an operation, no checksum", n, goal, fast[n]["all"])
        for n, goal in goals.INSTRUCTIONS.items()
        if n in fast
    ]
    dearest = max(fast, key=lambda n: ours[n]["all"] / fast[n]["all"])
    ratio = ours[dearest]["all"] / fast[dearest]["all"]
    found.append(
        Verdict(
            "default build ÷ no checksum", f"highest: {dearest}", goals.CHECKED_FACTOR, ratio, 2
        )
    )
    found += [
        Verdict("worst single operation, no checksum", WORST_NAMES[n], goal, highest[n])
        for n, goal in goals.WORST.items()
        if n in highest
    ]
    found += [
        Verdict("region ÷ peak", n, goal, fits[n]["smallest"] / fits[n]["peak"], 3)
        for n, goal in goals.REGION_PER_PEAK.items()
        if n in fits
    ]
    for which, wanted in (("fill", goals.FILL), ("refill", goals.REFILL)):
        found += [
            Verdict("utilisation", f"{n} {which}", goal, ours[n]["facts"][which], 3, True)
            for n, goal in wanted.items()
            if n in ours
        ]
    return found
