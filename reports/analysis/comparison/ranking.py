"""Ranks over all scenes, scales and data sets: one number per method, independent of units."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.errors import counted
from reports.analysis.metrics import Metric, main_of
from reports.analysis.results import ROUNDED, MethodInfo, Results, mean

_LARGE = 1e100  # beyond it, a value is not rounded


@dataclass(frozen=True)
class Ranking:
    """Ranks of methods by one metric; 1 is the best, and equal values share the mean of theirs.

    Attributes:
        metric: the metric.
        places: (data set, scale, scene) of every rank.
        ranks: method's label to its ranks, one per place.
        titles: method's label to its title, for those ranked.
        unranked: titles of the methods that lack a value where half of the methods have one.
        left_out: (data set, scale) where one of the ranked methods is missing.
    """

    metric: Metric
    places: tuple[tuple[str, int, str], ...]
    ranks: Mapping[str, tuple[float, ...]]
    titles: Mapping[str, str]
    unranked: tuple[str, ...]
    left_out: tuple[tuple[str, int], ...]

    def average(self, method: str) -> float:
        """Return a method's average rank; NaN where it is not ranked."""
        return mean(self.ranks.get(method, ()))

    def first(self, method: str) -> int:
        """Count the places where a method is the best, alone or with others."""
        column = zip(*self.ranks.values(), strict=True)
        lowest = [min(ranks) for ranks in column]
        return sum(
            rank == low for rank, low in zip(self.ranks.get(method, ()), lowest, strict=True)
        )


def rankings(results: Results, own: str, methods: Sequence[MethodInfo]) -> tuple[Ranking, ...]:
    """Rank the methods of a table by each main metric.

    Average ranks are comparable among the same methods only. So a method is ranked if it
    has a value wherever half of the methods of its table have one, and a scale, of this data set or
    of another, counts if it has all of the methods ranked.

    Args:
        results: of one protocol and profile, over all data sets that count.
        own: the data set of the table.
        methods: its methods in the order of the rows.

    Returns:
        One per metric; none where fewer than two methods can be ranked.
    """
    metrics = main_of(results.select(dataset=own).metrics)
    found = [_ranking(results, own, methods, metric) for metric in metrics]
    return tuple(one for one in found if one is not None)


def _ranking(
    results: Results, own: str, methods: Sequence[MethodInfo], metric: Metric
) -> Ranking | None:
    means = results.scene_means
    labels = [one.label for one in methods]
    wide = means[means["metric"] == metric.name].pivot(
        index=["dataset", "scale", "scene"], columns="method", values="value"
    )
    wide = wide.reindex(columns=labels)
    known = wide[wide.index.get_level_values("dataset") == own].notna()
    wanted = known[2 * known.sum(axis=1) >= len(labels)]
    ranked = [one for one in methods if wanted[one.label].all()]
    complete = wide[[one.label for one in ranked]].dropna()
    if len(ranked) < 2 or complete.empty:
        return None
    first = complete.index.get_level_values("dataset") != own
    complete = complete.iloc[np.argsort(first, kind="stable")]
    # Means over different numbers of seeds differ by rounding where the values are equal.
    small = complete.abs() < _LARGE
    rounded = complete.where(small, 0.0).round(ROUNDED).where(small, complete)
    ranks = rounded.rank(axis=1, method="average", ascending=not metric.higher)
    columns = {(name, scale) for name, scale, _ in complete.index}
    stored = set(zip(results.cells["dataset"], results.cells["scale"], strict=True))
    return Ranking(
        metric=metric,
        places=tuple(complete.index),
        ranks={one.label: tuple(map(float, ranks[one.label])) for one in ranked},
        titles={one.label: one.title for one in ranked},
        unranked=tuple(one.title for one in methods if one not in ranked),
        left_out=tuple(sorted(stored - columns, key=lambda at: (at[0] != own, *at))),
    )


def places_of(ranking: Ranking) -> str:
    """Describe what a ranking is over, such as "21 places: 7 scenes at x2, x3, x4 of cave"."""
    parts = []
    for name in dict.fromkeys(name for name, _, _ in ranking.places):
        here = [(scale, scene) for one, scale, scene in ranking.places if one == name]
        scales = dict.fromkeys(scale for scale, _ in here)
        scenes = len({scene for _, scene in here})
        at = ", ".join(f"x{scale}" for scale in scales)
        parts.append(f"{counted(scenes, 'scene')} of {name} at {at}")
    return f"{counted(len(ranking.places), 'place')}: {'; '.join(parts)}"


def ranks(values: Sequence[float], metric: Metric) -> list[int]:
    """Rank a column: 1 for the best, 2 for the second-best, 0 for the rest.

    Values that are printed alike rank alike, so that of two equal numbers both are bold.

    Args:
        values: one per row; NaN where there is none. A single value is not ranked.
        metric: defines the better direction and the printed digits.
    """
    printed = [round(value, metric.digits) for value in values]
    known = [value for value in printed if not math.isnan(value)]
    if len(known) < 2:
        return [0] * len(values)
    best = sorted(set(known), reverse=bool(metric.higher))[:2]
    return [best.index(value) + 1 if value in best else 0 for value in printed]
