"""The grids for readers who ask how sure it is: ranks, spreads, and every paired test."""

from collections.abc import Sequence
from itertools import product

from reports.analysis.cells import summarise
from reports.analysis.comparison import Comparison, Comparisons
from reports.analysis.metrics import MAIN, Metric
from reports.analysis.ranking import Ranking, places_of, ranks
from reports.analysis.results import Result
from reports.formatting import MISSING, TIMES, number, signed
from reports.tables.model import Entry, Grid

_PER_METRIC = ("Difference", "95 %", "Better on", "p", "Holm")


def ranks_of(results: Sequence[Result], found: Sequence[Ranking]) -> Grid:
    """Make the grid of average ranks, with the number of places where a method is first.

    Args:
        results: the rows.
        found: the rankings; not empty.
    """
    columns = []
    for ranking in found:
        averages = [ranking.average(result.label) for result in results]
        marks = ranks(averages, Metric("rank", "Rank", 2))
        for_metric = []
        for result, average, mark in zip(results, averages, marks, strict=True):
            known = result.label in ranking.ranks
            first = str(ranking.first(result.label)) if known else MISSING
            text = number(average, 2) if known else MISSING
            for_metric.append((Entry(text, mark), Entry(first)))
        columns.append(for_metric)
    return Grid(
        title="Average rank",
        legend=_legend(found),
        groups=tuple((ranking.metric.title, 2) for ranking in found),
        columns=("Method", *("Rank ↓", "First") * len(found)),
        rows=tuple(
            (Entry(result.title), *(entry for column in columns for entry in column[index]))
            for index, result in enumerate(results)
        ),
    )


def _legend(found: Sequence[Ranking]) -> str:
    over = dict.fromkeys(places_of(ranking) for ranking in found)
    text = (
        "Rank among the methods at every scene and scale, averaged, and at how many a method is "
        f"first; 1 is the best, equal values share theirs. Over {'; or '.join(over)}."
    )
    unranked = dict.fromkeys(title for ranking in found for title in ranking.unranked)
    if unranked:
        text += f" Not ranked, because it has no value somewhere: {', '.join(unranked)}."
    left = dict.fromkeys(f"{name} x{scale}" for one in found for name, scale in one.left_out)
    if left:
        text += f" Not counted, because a ranked method is missing there: {', '.join(left)}."
    return text


def details_of(
    results: Sequence[Result], scales: Sequence[int], comparisons: Comparisons
) -> list[Grid]:
    """Make the grids behind the marks: the spread over the scenes, and the paired tests."""
    grids = [_spread(results, scales)]
    titles = {result.label: result.title for result in results}
    asked = {"best": "the best of the column", "baseline": comparisons.baseline}
    for against, name in asked.items():
        items = [one for one in comparisons.items if one.against == against]
        if items:
            grids.append(_paired(items, titles, f"Compared with {name}"))
    return grids


def _spread(results: Sequence[Result], scales: Sequence[int]) -> Grid:
    return Grid(
        title="Spread over the test scenes",
        legend=(
            "Standard deviation over the test scenes, each a mean over the seeds; in parentheses "
            "the lowest and the highest scene."
        ),
        groups=tuple((metric.heading, len(scales)) for metric in MAIN),
        columns=("Method", *(f"{TIMES}{scale}" for _, scale in product(MAIN, scales))),
        rows=tuple(
            (
                Entry(result.title),
                *(_scatter(result, scale, metric) for metric, scale in product(MAIN, scales)),
            )
            for result in results
        ),
        details=True,
    )


def _scatter(result: Result, scale: int, metric: Metric) -> Entry:
    values = result.scenes(scale, metric.name).values()
    std = summarise(values, len(values)).std
    if std is None:
        return Entry(MISSING)
    low, high = (number(value, metric.digits) for value in (min(values), max(values)))
    return Entry(f"{number(std, metric.digits)} ({low} to {high})")


def _paired(items: Sequence[Comparison], titles: dict[str, str], title: str) -> Grid:
    found = {(one.scale, one.method, one.metric.name): one for one in items}
    places = sorted({one.scale for one in items})
    rows: list[tuple[Entry, ...]] = []
    blocks = []
    for scale in places:
        methods = [label for label in titles if any((scale, label, m.name) in found for m in MAIN)]
        blocks.append(len(rows))
        for label in methods:
            entries = [_tested(found.get((scale, label, metric.name))) for metric in MAIN]
            names = (Entry(f"{TIMES}{scale}"), Entry(titles[label]))
            rows.append((*names, *(entry for one in entries for entry in one)))
    return Grid(
        title=title,
        legend=(
            "Method minus the other, a mean over the common test scenes, and its 95 % bootstrap "
            "interval (percentile); on how many of the scenes the method is the better one; p of "
            "the two-sided Wilcoxon signed-rank test, and after Holm over the "
            f"{len(items)} comparisons of this table."
        ),
        groups=tuple((metric.heading, len(_PER_METRIC)) for metric in MAIN),
        columns=("Scale", "Method", *_PER_METRIC * len(MAIN)),
        rows=tuple(rows),
        labels=2,
        blocks=tuple(blocks[1:]),
        details=True,
    )


def _tested(one: Comparison | None) -> list[Entry]:
    if one is None:
        return [Entry(MISSING)] * len(_PER_METRIC)
    digits = one.metric.digits
    low, high = (signed(value, digits) for value in (one.paired.low, one.paired.high))
    return [
        Entry(signed(one.paired.mean, digits)),
        Entry(f"{low} to {high}"),
        Entry(f"{one.wins} of {one.paired.n}"),
        Entry(_probability(one.paired.p)),
        Entry(_probability(one.adjusted)),
    ]


def _probability(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
