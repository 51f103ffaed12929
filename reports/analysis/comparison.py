"""Every method against the best of its column and against the baseline, scene by scene."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from reports.analysis.metrics import MAIN, Metric
from reports.analysis.results import Result
from reports.analysis.statistics import ALPHA, Paired, holm, paired, smallest_p

BASELINE = "bicubic"
BEST_MARK, BASELINE_MARK = "≈", "∘"
FEW = 10  # scenes, up to which a bootstrap interval is known to be too narrow


@dataclass(frozen=True)
class Comparison:
    """One method beside another at one scale by one metric.

    Attributes:
        against: "best" or "baseline".
        metric: the metric.
        scale: the scale factor.
        method: the label of the one that is judged.
        other: the label of the one that it is compared with.
        paired: the differences over the common test scenes, method minus other.
        adjusted: its p after Holm over all comparisons of the table with the same question.
    """

    against: str
    metric: Metric
    scale: int
    method: str
    other: str
    paired: Paired
    adjusted: float = math.nan

    @property
    def wins(self) -> int:
        """Count the scenes on which the method is better."""
        return self.paired.above if self.metric.higher else self.paired.below


@dataclass(frozen=True)
class Comparisons:
    """All comparisons of a table.

    Attributes:
        items: first those with the best, then those with the baseline.
        baseline: the baseline's title; empty where it has no results.
        seeds: how many seeds the trained methods have at most; 0 where none is trained.
    """

    items: tuple[Comparison, ...]
    baseline: str
    seeds: int

    @property
    def scenes(self) -> int:
        """Give the largest number of common test scenes; 0 where nothing was compared."""
        return max((one.paired.n for one in self.items), default=0)

    @property
    def family(self) -> int:
        """Count the comparisons that Holm corrects for: those of one question."""
        asked = [one.against for one in self.items]
        return max((asked.count(question) for question in ("best", "baseline")), default=0)

    @property
    def testable(self) -> bool:
        """Tell whether a single test over so many scenes could be significant at all."""
        return bool(self.items) and smallest_p(self.scenes) < ALPHA

    @property
    def correctable(self) -> bool:
        """Tell whether one could still be so after Holm's correction."""
        return bool(self.items) and self.family * smallest_p(self.scenes) < ALPHA

    def told_apart(self, one: Comparison) -> bool:
        """Tell whether the scenes tell the two methods apart, as the remarks define it."""
        p = one.adjusted if self.correctable else one.paired.p
        return p < ALPHA and not one.paired.contains_zero

    def marks(self, method: str, scale: int, metric: Metric) -> str:
        """Give the signs of one entry; none where no test could be significant."""
        if not self.testable:
            return ""
        signs = {"best": BEST_MARK, "baseline": BASELINE_MARK}
        return "".join(
            signs[one.against]
            for one in self.items
            if (one.method, one.scale, one.metric) == (method, scale, metric)
            and not self.told_apart(one)
        )

    def remarks(self) -> tuple[str, ...]:
        """Say what the marks mean, how they came about, and what cannot be concluded."""
        if not self.items:
            return ()
        lines = [*self._method(), *self._limits()] if self.testable else [self._hopeless()]
        if self.seeds == 1:
            lines.append(
                "One seed: how far training itself scatters is not known, so a difference between "
                "trained methods may be no more than luck of the seed."
            )
        return tuple(lines)

    def _hopeless(self) -> str:
        return (
            f"No difference here can be significant: with {self.scenes} test scenes the smallest p "
            f"of a two-sided Wilcoxon test is {_least(self.scenes)}. Nothing is marked."
        )

    def _method(self) -> list[str]:
        beside = f", and {BASELINE_MARK} not from {self.baseline}" if self.baseline else ""
        corrected = f"after Holm over the table's {self.family} comparisons of a kind"
        how = corrected if self.correctable else "uncorrected"
        return [
            (
                f"{BEST_MARK} cannot be told from the best of its column{beside}, by these "
                f"{self.scenes} test scenes."
            ),
            (
                "That is: the 95 % bootstrap interval of the mean difference over the "
                f"scenes contains zero, or p of the Wilcoxon signed-rank test ({how}) is {ALPHA} "
                "or more."
            ),
        ]

    def _limits(self) -> list[str]:
        lines = []
        if not self.correctable:
            least = min(1.0, self.family * smallest_p(self.scenes))
            lines.append(
                f"Corrected for multiple comparisons nothing can be told apart: with "
                f"{self.scenes} test scenes the smallest p is {_least(self.scenes)}, and Holm over "
                f"the table's {self.family} comparisons of a kind makes it {least:.2g}. An entry "
                "without a mark is a hint, not a proof."
            )
        if self.scenes <= FEW:
            lines.append(
                "Intervals from so few scenes are too narrow: those of seven normal values cover "
                "88 %, not 95 %."
            )
        return lines


def compare(
    results: Sequence[Result], scales: Sequence[int], baseline: str = BASELINE
) -> Comparisons:
    """Compare every method with the best of each column, and with the baseline.

    Scores are averaged over the seeds first, then paired over the scenes that both have. A scene on
    which one of them is perfect has no finite difference and is left out.

    Args:
        results: the rows of a table.
        scales: its scales.
        baseline: a method's label.
    """
    items = []
    for against, metric, scale in product(("best", "baseline"), MAIN, scales):
        scored = [one for one in results if not math.isnan(one.mean(scale, metric.name))]
        chosen = scored if against == "best" else [one for one in scored if one.label == baseline]
        other = _best(chosen, scale, metric)
        for one in scored:
            if other is not None and one is not other:
                items += _compared(one, other, scale, metric, against)
    adjusted: dict[int, float] = {}
    for against in ("best", "baseline"):
        family = [one for one in items if one.against == against]
        found = holm([one.paired.p for one in family])
        adjusted.update(zip(map(id, family), found, strict=True))
    trained = [one for one in results if one.trained]
    return Comparisons(
        items=tuple(replace(one, adjusted=adjusted[id(one)]) for one in items),
        baseline=next((one.title for one in results if one.label == baseline), ""),
        seeds=max((len(place.tallies) for one in trained for place in one.at.values()), default=0),
    )


def _best(results: Sequence[Result], scale: int, metric: Metric) -> Result | None:
    choose = max if metric.higher else min
    return choose(results, key=lambda one: one.mean(scale, metric.name), default=None)


def _compared(
    one: Result, other: Result, scale: int, metric: Metric, against: str
) -> list[Comparison]:
    mine, theirs = one.scenes(scale, metric.name), other.scenes(scale, metric.name)
    differences = [value - theirs[scene] for scene, value in mine.items() if scene in theirs]
    finite = [value for value in differences if math.isfinite(value)]
    if len(finite) < 2:
        return []
    return [Comparison(against, metric, scale, one.label, other.label, paired(finite))]


def _least(scenes: int) -> str:
    return f"1/{2 ** (scenes - 1)} = {smallest_p(scenes):.3g}"
