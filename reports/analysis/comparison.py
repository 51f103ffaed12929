"""Every method against the best of its column and against the baseline, paired by scene."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import pandas as pd

from reports.analysis.metrics import MAIN, Metric
from reports.analysis.results import MethodInfo, Results
from reports.analysis.statistics import ALPHA, PairedTest, holm, paired_test, smallest_p

BASELINE = "bicubic"
BEST_MARK, BASELINE_MARK = "≈", "∘"
FEW = 10  # test scenes up to which a bootstrap interval is known to be too narrow


@dataclass(frozen=True)
class Comparison:
    """One method beside another at one scale by one metric.

    Attributes:
        against: "best" or "baseline".
        metric: the metric.
        scale: the scale factor.
        method: the label of the method.
        other: the label of the method that it is compared with.
        test: the differences over the common test scenes, method minus other.
        adjusted: p after Holm's correction over the table's comparisons of this kind.
    """

    against: str
    metric: Metric
    scale: int
    method: str
    other: str
    test: PairedTest
    adjusted: float = math.nan

    @property
    def wins(self) -> int:
        """Count the scenes on which the method is better."""
        return self.test.above if self.metric.higher else self.test.below


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
        """Return the largest number of common test scenes; 0 where nothing was compared."""
        return max((one.test.n for one in self.items), default=0)

    @property
    def family(self) -> int:
        """Count the comparisons that Holm corrects for: those of one kind."""
        kinds = [one.against for one in self.items]
        return max((kinds.count(kind) for kind in ("best", "baseline")), default=0)

    @property
    def testable(self) -> bool:
        """Return whether a single test over so many scenes could be significant at all."""
        return bool(self.items) and smallest_p(self.scenes) < ALPHA

    @property
    def correctable(self) -> bool:
        """Return whether one could still be significant after Holm's correction."""
        return bool(self.items) and self.family * smallest_p(self.scenes) < ALPHA

    def distinguishable(self, one: Comparison) -> bool:
        """Return whether the two methods differ, as the remarks define it."""
        p = one.adjusted if self.correctable else one.test.p
        return p < ALPHA and not one.test.contains_zero

    def marks(self, method: str, scale: int, metric: Metric) -> str:
        """Return the signs of one entry; none where no test could be significant."""
        if not self.testable:
            return ""
        signs = {"best": BEST_MARK, "baseline": BASELINE_MARK}
        return "".join(
            signs[one.against]
            for one in self.items
            if (one.method, one.scale, one.metric) == (method, scale, metric)
            and not self.distinguishable(one)
        )

    def remarks(self) -> tuple[str, ...]:
        """Explain the marks, the tests behind them, and what cannot be concluded."""
        if not self.items:
            return ()
        lines = (
            [*self._definition(), *self._limits()] if self.testable else [self._too_few_scenes()]
        )
        if self.seeds == 1:
            lines.append(
                "One seed: how far training itself scatters is not known, so a difference between "
                "trained methods may be no more than luck of the seed."
            )
        return tuple(lines)

    def _too_few_scenes(self) -> str:
        return (
            f"No difference here can be significant: with {self.scenes} test scenes the smallest p "
            f"of a two-sided Wilcoxon test is {_least(self.scenes)}. Nothing is marked."
        )

    def _definition(self) -> list[str]:
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
    results: Results, methods: Sequence[MethodInfo], baseline: str = BASELINE
) -> Comparisons:
    """Compare every method with the best of each column, and with the baseline.

    Scores are averaged over the seeds first, then paired over the scenes that both have. A scene on
    which one of them is perfect has no finite difference and is left out.

    Args:
        results: of one data set, protocol and profile.
        methods: its methods in the order of the rows.
        baseline: a method's label.
    """
    items: list[Comparison] = []
    for against in ("best", "baseline"):
        found = []
        for metric, scale in product(MAIN, results.scales):
            means = pd.Series(
                {one.label: results.mean(one.label, scale, metric.name) for one in methods},
                dtype=float,
            ).dropna()
            if means.empty or (against == "baseline" and baseline not in means):
                continue
            best = means.idxmax() if metric.higher else means.idxmin()
            other = str(best) if against == "best" else baseline
            for label in means.index.drop(other):
                found += _compare_pair(results, label, other, scale, metric, against)
        adjusted = holm([one.test.p for one in found])
        items += [replace(one, adjusted=p) for one, p in zip(found, adjusted, strict=True)]
    trained = results.cells[results.cells["method"].isin([m.label for m in methods if m.trained])]
    return Comparisons(
        items=tuple(items),
        baseline=next((one.title for one in methods if one.label == baseline), ""),
        seeds=int(trained.groupby(["method", "scale"]).size().max()) if len(trained) else 0,
    )


def _compare_pair(
    results: Results, method: str, other: str, scale: int, metric: Metric, against: str
) -> list[Comparison]:
    mine, theirs = (results.by_scene(label, scale, metric.name) for label in (method, other))
    differences = [value - theirs[scene] for scene, value in mine.items() if scene in theirs]
    finite = [value for value in differences if math.isfinite(value)]
    if len(finite) < 2:
        return []
    return [Comparison(against, metric, scale, method, other, paired_test(finite))]


def _least(scenes: int) -> str:
    return f"1/{2 ** (scenes - 1)} = {smallest_p(scenes):.3g}"
