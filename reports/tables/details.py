"""The grids on uncertainty: ranks, spreads over the scenes, and every paired test."""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import product

from reports.analysis.comparison.pairs import Comparison, Comparisons
from reports.analysis.comparison.ranking import Ranking, places_of, ranks
from reports.analysis.comparison.remarks import DEPENDENT_TESTS
from reports.analysis.metrics import Metric, main_of
from reports.analysis.provenance.notes import Notes
from reports.analysis.results import MethodInfo, Results, deviation
from reports.formatting import MISSING, TIMES, number, p_value, signed
from reports.tables.layout import packed, titled
from reports.tables.model import Entry, Grid

_PER_METRIC = ("Difference", "95 %", "Better on", "p", "Adjusted")
_WIDEST = 10  # columns of a grid of paired tests


def ranks_of(methods: Sequence[MethodInfo], found: Sequence[Ranking]) -> Grid:
    """Build the grid of average ranks, with the number of places where each method is first.

    Args:
        methods: the rows.
        found: the rankings; not empty.
    """
    columns = []
    for ranking in found:
        averages = [ranking.average(method.label) for method in methods]
        marks = ranks(averages, Metric("rank", "Rank", 2))
        for_metric = []
        for method, average, mark in zip(methods, averages, marks, strict=True):
            known = method.label in ranking.ranks
            first = str(ranking.first(method.label)) if known else MISSING
            text = number(average, 2) if known else MISSING
            for_metric.append((Entry(text, mark), Entry(first)))
        columns.append(for_metric)
    return Grid(
        title="Average rank",
        legend=_legend(found),
        groups=tuple((ranking.metric.title, 2) for ranking in found),
        columns=("Method", *("Rank ↓", "First") * len(found)),
        rows=tuple(
            (Entry(method.title), *(entry for column in columns for entry in column[index]))
            for index, method in enumerate(methods)
        ),
    )


def _legend(found: Sequence[Ranking]) -> str:
    over = dict.fromkeys(places_of(ranking) for ranking in found)
    text = (
        "Rank among the methods at every scene and scale, averaged, and at how many a method is "
        f"first; 1 is the best, equal values share theirs. Over {'; or '.join(over)}. A "
        "description, not a test: the same scenes count at every scale."
    )
    unranked = dict.fromkeys(title for ranking in found for title in ranking.unranked)
    if unranked:
        text += f" Not ranked, because it has no value somewhere: {', '.join(unranked)}."
    left = dict.fromkeys(f"{name} x{scale}" for one in found for name, scale in one.left_out)
    if left:
        text += f" Not counted, because a ranked method is missing there: {', '.join(left)}."
    return text


def details_of(
    results: Results, methods: Sequence[MethodInfo], notes: Notes, comparisons: Comparisons
) -> list[Grid]:
    """Build the grids behind the marks: the spread over the scenes, and the paired tests.

    Of the notes, those on machines are shown.
    """
    grids = _spread(results, methods, notes)
    titles = {method.label: method.title for method in methods}
    families = {
        "best": ("the best of the column", "all pairs of methods in the column"),
        "baseline": (
            comparisons.baseline,
            f"all comparisons with {comparisons.baseline} in the column",
        ),
    }
    for against, (name, family) in families.items():
        items = [one for one in comparisons.items if one.against == against]
        legend = _legend_of_tests(
            family, several_seeds=comparisons.several_seeds, dependent=comparisons.dependent
        )
        groups = packed(main_of(results.metrics), len(_PER_METRIC), _WIDEST) if items else []
        for metrics in groups:
            title = titled(f"Compared with {name}", metrics, len(groups))
            grids.append(_tests(items, metrics, titles, notes, title, legend))
    return grids


def _legend_of_tests(family: str, *, several_seeds: bool, dependent: bool) -> str:
    seeds = " and over the seeds" if several_seeds else ""
    test = "the sign-flip test"
    if several_seeds:
        test += ", or of Welch's t-test between the seeds where that is larger"
    return (
        "Method minus the other, a mean over the common test scenes; its 95 % confidence interval "
        f"(Student's t over the scenes{seeds}, this difference alone); on how many of the scenes "
        f"the method is the better one; p of {test}; and p adjusted for {family}."
        + f" {DEPENDENT_TESTS}"
        * dependent
    )


def _spread(results: Results, methods: Sequence[MethodInfo], notes: Notes) -> list[Grid]:
    scales = results.scales
    groups = packed(main_of(results.metrics), len(scales))
    return [
        Grid(
            title=titled("Spread over the test scenes", metrics, len(groups)),
            legend=(
                "Standard deviation over the test scenes, each a mean over the seeds; in "
                "parentheses the lowest and the highest scene."
            ),
            groups=tuple((metric.heading, len(scales)) for metric in metrics),
            columns=("Method", *(f"{TIMES}{scale}" for _, scale in product(metrics, scales))),
            rows=tuple(
                (
                    Entry(method.title),
                    *(
                        _of_scenes(results, notes, method, scale, metric)
                        for metric, scale in product(metrics, scales)
                    ),
                )
                for method in methods
            ),
            details=True,
        )
        for metrics in groups
    ]


def _of_scenes(
    results: Results, notes: Notes, method: MethodInfo, scale: int, metric: Metric
) -> Entry:
    values = results.by_scene(method.label, scale, metric.name).values()
    return replace(_scatter(values, metric), notes=notes.machines[method.label, scale])


def _scatter(values: Collection[float], metric: Metric) -> Entry:
    std = deviation(values)
    if math.isnan(std):
        return Entry(MISSING)
    low, high = (number(value, metric.digits) for value in (min(values), max(values)))
    return Entry(f"{number(std, metric.digits)} ({low} to {high})")


def _tests(
    items: Sequence[Comparison],
    metrics: Sequence[Metric],
    titles: dict[str, str],
    notes: Notes,
    title: str,
    legend: str,
) -> Grid:
    found = {(one.scale, one.method, one.metric.name): one for one in items}
    places = sorted({one.scale for one in items})
    rows: list[tuple[Entry, ...]] = []
    blocks = []
    for scale in places:
        methods = [
            label for label in titles if any((scale, label, m.name) in found for m in metrics)
        ]
        blocks.append(len(rows))
        for label in methods:
            entries = [_test(found.get((scale, label, metric.name))) for metric in metrics]
            name = Entry(titles[label], notes=notes.machines[label, scale])
            names = (Entry(f"{TIMES}{scale}"), name)
            rows.append((*names, *(entry for one in entries for entry in one)))
    return Grid(
        title=title,
        legend=legend,
        groups=tuple((metric.heading, len(_PER_METRIC)) for metric in metrics),
        columns=("Scale", "Method", *_PER_METRIC * len(metrics)),
        rows=tuple(rows),
        labels=2,
        blocks=tuple(blocks[1:]),
        details=True,
    )


def _test(one: Comparison | None) -> list[Entry]:
    if one is None:
        return [Entry(MISSING)] * len(_PER_METRIC)
    digits = one.metric.digits
    low, high = (signed(value, digits) for value in (one.low, one.high))
    return [
        Entry(signed(one.mean, digits)),
        Entry(f"{low} to {high}"),
        Entry(f"{one.wins} of {one.n}"),
        Entry(p_value(one.p)),
        Entry(p_value(one.adjusted)),
    ]
