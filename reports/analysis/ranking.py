"""Ranks over every scene, scale and data set: one number a method, whatever the units."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from reports.analysis.cells import mean
from reports.analysis.metrics import MAIN, Metric
from reports.analysis.results import Result

Place = tuple[str, int, str]


@dataclass(frozen=True)
class Ranking:
    """Ranks of methods by one metric; 1 is the best, and equal values share the mean of theirs.

    Attributes:
        metric: the metric.
        places: (data set, scale, scene) of every rank.
        ranks: method's label to its ranks, one a place.
        titles: method's label to its title, for those ranked.
        unranked: titles of the methods without a value where half of the table's have one.
        left_out: (data set, scale) where one of the ranked methods is missing.
    """

    metric: Metric
    places: tuple[Place, ...]
    ranks: Mapping[str, tuple[float, ...]]
    titles: Mapping[str, str]
    unranked: tuple[str, ...]
    left_out: tuple[tuple[str, int], ...]

    def average(self, method: str) -> float:
        """Give a method's average rank; NaN where it is not ranked."""
        return mean(self.ranks.get(method, ()))

    def first(self, method: str) -> int:
        """Count the places where a method is the best, alone or with others."""
        column = zip(*self.ranks.values(), strict=True)
        lowest = [min(ranks) for ranks in column]
        return sum(
            rank == low for rank, low in zip(self.ranks.get(method, ()), lowest, strict=True)
        )


def rankings(own: str, tables: Mapping[str, Sequence[Result]]) -> tuple[Ranking, ...]:
    """Rank the methods of a table by each main metric.

    Ranks among different sets of methods do not average to anything. So a method is ranked if it
    has a value wherever half of the methods of its table have one, and a scale, of this data set or
    of another, counts if it has all of the methods ranked.

    Args:
        own: the data set whose table it is.
        tables: data set to rows, its own among them.

    Returns:
        One a metric; none where fewer than two methods can be ranked.
    """
    found = [_ranking(own, tables, metric) for metric in MAIN]
    return tuple(one for one in found if one is not None)


def _ranking(own: str, tables: Mapping[str, Sequence[Result]], metric: Metric) -> Ranking | None:
    valued = {one.label: _valued(one, metric) for one in tables[own]}
    known = Counter(spot for spots in valued.values() for spot in spots)
    wanted = {spot for spot, count in known.items() if 2 * count >= len(valued)}
    ranked = [one for one in tables[own] if valued[one.label] >= wanted]
    if len(ranked) < 2:
        return None
    labels = [one.label for one in ranked]
    columns: dict[Place, list[float]] = {}
    left_out = []
    for name in [own, *sorted(set(tables) - {own})]:
        rows = {one.label: one for one in tables[name]}
        for scale in sorted({scale for one in tables[name] for scale in one.at}):
            values = [
                rows[label].scenes(scale, metric.name) if label in rows else {} for label in labels
            ]
            common = [scene for scene in values[0] if all(scene in one for one in values)]
            if not common:
                left_out.append((name, scale))
            for scene in common:
                columns[name, scale, scene] = [one[scene] for one in values]
    if not columns:
        return None
    frame = pd.DataFrame(list(columns.values()), columns=labels)
    ranks = frame.rank(axis=1, method="average", ascending=not metric.higher)
    return Ranking(
        metric=metric,
        places=tuple(columns),
        ranks={label: tuple(map(float, ranks[label])) for label in labels},
        titles={one.label: one.title for one in ranked},
        unranked=tuple(one.title for one in tables[own] if one.label not in labels),
        left_out=tuple(left_out),
    )


def _valued(result: Result, metric: Metric) -> set[tuple[int, str]]:
    return {(scale, scene) for scale in result.at for scene in result.scenes(scale, metric.name)}


def places_of(ranking: Ranking) -> str:
    """Say what a ranking is over, such as "21 places: 7 scenes at x2, x3, x4 of cave"."""
    parts = []
    for name in dict.fromkeys(name for name, _, _ in ranking.places):
        here = [(scale, scene) for one, scale, scene in ranking.places if one == name]
        scales = dict.fromkeys(scale for scale, _ in here)
        scenes = len({scene for _, scene in here})
        parts.append(f"{scenes} scenes of {name} at {', '.join(f'x{scale}' for scale in scales)}")
    return f"{len(ranking.places)} places: {'; '.join(parts)}"


def ranks(values: Sequence[float], metric: Metric) -> list[int]:
    """Rank a column: 1 for the best, 2 for the second-best, 0 for the rest.

    What prints alike ranks alike, so that no reader sees two equal numbers of which one is bold.

    Args:
        values: one a row; NaN where there is none. One value alone is not ranked.
        metric: says which way is better and how many digits are printed.
    """
    printed = [round(value, metric.digits) for value in values]
    known = [value for value in printed if not math.isnan(value)]
    if len(known) < 2:
        return [0] * len(values)
    best = sorted(set(known), reverse=metric.higher)[:2]
    return [best.index(value) + 1 if value in best else 0 for value in printed]
