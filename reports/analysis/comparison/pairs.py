"""Comparisons of all pairs of methods in each column of a table, and of each with the baseline."""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from reports.analysis.comparison.statistics import (
    ALPHA,
    Array,
    Uncertain,
    holm,
    interval,
    seeds_error,
    seeds_test,
    sign_flip,
    smallest_p,
)
from reports.analysis.metrics import Metric, main_of
from reports.analysis.provenance.table import are_dependent
from reports.analysis.results import ROUNDED, MethodInfo, Results
from reports.formatting import TIMES

BASELINE = "bicubic"
BEST_MARK, BASELINE_MARK = "≈", "∘"
_LARGEST = 1e100  # a score beyond this, infinity included, has no difference to test


@dataclass(frozen=True)
class Comparison:
    """The comparison of two methods at one scale by one metric.

    Attributes:
        against: "best" of the column, "other" method of it, or "baseline".
        metric: the metric.
        scale: the scale factor.
        method: the label of the method.
        other: the label of the method that it is compared with.
        mean: of the differences over the common test scenes, method minus other.
        low: lower end of the 95 % confidence interval of that difference.
        high: its upper end.
        n: number of common test scenes.
        above: number of scenes with a difference above zero.
        below: number of scenes with a difference below zero.
        seeds: numbers of seeds of the method and of the other.
        p: of this comparison alone.
        adjusted: p adjusted for its family: all pairs of the column, or all comparisons of the
            column with the baseline.
    """

    against: str
    metric: Metric
    scale: int
    method: str
    other: str
    mean: float
    low: float
    high: float
    n: int
    above: int
    below: int
    seeds: tuple[int, int]
    p: float
    adjusted: float

    @property
    def wins(self) -> int:
        """Count the scenes on which the method is better."""
        return self.above if self.metric.higher else self.below

    @property
    def decidable(self) -> bool:
        """Return whether a test over this number of scenes can be significant."""
        return smallest_p(self.n) < ALPHA

    @property
    def significant(self) -> bool:
        """Return whether the two methods differ, as the remarks define it."""
        return self.decidable and self.adjusted < ALPHA


@dataclass(frozen=True)
class Comparisons:
    """All comparisons of a table.

    Attributes:
        items: first all pairs of every column, then those with the baseline.
        baseline: the baseline's title; empty where it has no results.
        titles: the methods' titles by label.
        untested: what was not compared with the best of its column, as two scenes with a finite
            difference are needed.
        single: titles of the methods that depend on a seed and have one, with the scales where it
            is not so at every scale.
        comparable: whether a column has values of several methods.
        dependent: whether the scenes are areas of one image, so that they are not independent.
    """

    items: tuple[Comparison, ...]
    baseline: str
    titles: Mapping[str, str]
    single: tuple[str, ...]
    untested: tuple[str, ...] = ()
    comparable: bool = True
    dependent: bool = False

    @property
    def scenes(self) -> int:
        """Return the largest number of common test scenes; 0 where nothing was compared."""
        return max((one.n for one in self.items), default=0)

    @property
    def several_seeds(self) -> bool:
        """Return whether a method has several seeds."""
        return any(max(one.seeds) > 1 for one in self.items)

    @property
    def testable(self) -> bool:
        """Return whether a test can be significant anywhere in the table."""
        return any(one.decidable for one in self.items)

    def marks(self, method: str, scale: int, metric: Metric) -> str:
        """Return the signs of one entry; none where no test could be significant."""
        signs = {"best": BEST_MARK, "baseline": BASELINE_MARK}
        return "".join(
            signs[one.against]
            for one in self.items
            if (one.method, one.scale, one.metric) == (method, scale, metric)
            and one.against in signs
            and one.decidable
            and not one.significant
        )


def compare(
    results: Results, methods: Sequence[MethodInfo], baseline: str = BASELINE
) -> Comparisons:
    """Compare all pairs of methods of each column, and every method with the baseline.

    The best of a column was found on the same scenes, so a comparison with it is chosen among all
    pairs and has to be corrected for all of them. Scores are paired over the scenes that both
    methods have; a scene on which one of them is perfect has no finite difference and is left out.

    Args:
        results: of one data set, protocol and profile.
        methods: its methods in the order of the rows.
        baseline: a method's label.
    """
    seeded = {one.label for one in methods if one.seeded}
    titles = {one.label: one.title for one in methods}
    pairs: list[Comparison] = []
    with_baseline: list[Comparison] = []
    untested: list[str] = []
    comparable = False
    for metric, scale in product(main_of(results.metrics), results.scales):
        means = {one.label: results.mean(one.label, scale, metric.name) for one in methods}
        scenes = {label: results.scored_scenes(label, scale, metric.name)[0] for label in means}
        most = max(scenes.values(), default=0)
        # From the best to the worst; a mean over fewer scenes than others' is not compared.
        labels = sorted(
            (label for label, value in means.items() if not math.isnan(value)),
            key=lambda label: (
                scenes[label] < most, -means[label] if metric.higher else means[label]
            ),
        )  # fmt: skip
        comparable = comparable or len(labels) > 1
        column = _Column(results, metric, scale, labels, seeded)
        worse_better = [(worse, better) for better, worse in combinations(labels, 2)]
        of_column = column.family(worse_better)
        with_best = {one.method for one in of_column if one.other == labels[0]}
        pairs += [
            replace(one, against="best" if one.other == labels[0] else "other") for one in of_column
        ]
        untested += [
            f"{titles[label]} and {titles[labels[0]]} ({metric.title} {TIMES}{scale})"
            for label in labels[1:]
            if label not in with_best
        ]
        if baseline in labels:
            others = [one.label for one in methods if one.label in labels]
            others.remove(baseline)
            with_baseline += column.family([(label, baseline) for label in others])
    single = [
        one.title + where
        for one in methods
        if one.label in seeded and (where := _with_one_seed(results, one.label)) is not None
    ]
    return Comparisons(
        items=(*pairs, *with_baseline),
        baseline=next((one.title for one in methods if one.label == baseline), ""),
        titles=titles,
        single=tuple(single),
        untested=tuple(untested),
        comparable=comparable,
        dependent=are_dependent(results.stored),
    )


def _with_one_seed(results: Results, method: str) -> str | None:
    """Return where a method has one seed, "" for every scale; None for nowhere."""
    primary = results.metrics[0].name
    seeds = {scale: len(results.values(method, scale, primary)) for scale in results.scales}
    one = [f"{TIMES}{scale}" for scale, count in seeds.items() if count == 1]
    if not one:
        return None
    return "" if max(seeds.values()) == 1 else f" at {', '.join(one)}"


class _Column:
    """The scores of the methods of one column, aligned by scene."""

    def __init__(
        self,
        results: Results,
        metric: Metric,
        scale: int,
        labels: Sequence[str],
        seeded: Set[str],
    ) -> None:
        self.metric, self.scale, self.seeded = metric, scale, seeded
        stored = {one: results.by_scene_and_seed(one, scale, metric.name) for one in labels}
        scenes = list(dict.fromkeys(scene for values in stored.values() for scene in values))
        # (scenes, seeds); NaN where a method lacks a scene, or is perfect there.
        self.scores: dict[str, Array] = {}
        for label, values in stored.items():
            seeds = max(map(len, values.values()), default=1)
            rows = [values.get(scene, [math.nan] * seeds) for scene in scenes]
            scores = np.array(rows, dtype=np.float64).reshape(len(scenes), seeds)
            scores[np.abs(scores) > _LARGEST] = math.nan
            self.scores[label] = scores

    def family(self, pairs: Sequence[tuple[str, str]]) -> list[Comparison]:
        """Compare pairs of methods, (method, other), as one family of tests."""
        found = [
            (pair, self.scores[pair[0]].mean(axis=1) - self.scores[pair[1]].mean(axis=1))
            for pair in pairs
        ]
        found = [
            (pair, np.round(one, ROUNDED)) for pair, one in found if np.isfinite(one).sum() > 1
        ]
        if not found:
            return []
        alone, adjusted = sign_flip(np.column_stack([one for _, one in found]))
        errors = [self._seeds_error(*pair, np.isfinite(one)) for pair, one in found]
        over_seeds = [
            None if error is None else seeds_test(float(np.nanmean(one)), error)
            for (_, one), error in zip(found, errors, strict=True)
        ]
        corrected = iter(holm([p for p in over_seeds if p is not None]))
        return [
            self._compared(
                *pair,
                differences[np.isfinite(differences)],
                error or Uncertain(),
                p=max(float(one), of_seeds or 0.0),
                adjusted=max(float(both), 0.0 if of_seeds is None else next(corrected)),
            )
            for (pair, differences), error, one, both, of_seeds in zip(
                found, errors, alone, adjusted, over_seeds, strict=True
            )
        ]

    def _seeds_error(self, method: str, other: str, scenes: NDArray[np.bool_]) -> Uncertain | None:
        """Estimate what the seeds of two methods add; None where neither has several."""
        mine, theirs = (self.scores[label][scenes].mean(axis=0) for label in (method, other))
        if len(mine) == len(theirs) == 1:
            return None
        return seeds_error(mine, theirs, both={method, other} <= self.seeded)

    def _compared(
        self, method: str, other: str, differences: Array, seeds: Uncertain, *,
        p: float, adjusted: float,
    ) -> Comparison:  # fmt: skip
        mean = float(differences.mean())
        low, high = interval(mean, Uncertain.of(differences) + seeds)
        return Comparison(
            against="baseline",
            metric=self.metric,
            scale=self.scale,
            method=method,
            other=other,
            mean=mean,
            low=low,
            high=high,
            n=len(differences),
            above=int((differences > 0).sum()),
            below=int((differences < 0).sum()),
            seeds=(self.scores[method].shape[1], self.scores[other].shape[1]),
            p=p,
            adjusted=adjusted,
        )
