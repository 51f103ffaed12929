"""The content of the tables, before formatting.

One section per protocol and profile: its provenance, grids in the paper's layout, with the
published numbers, of ranks, of the other metrics and cost, of the statistics behind the marks, and
notes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

from reports.analysis.comparison.pairs import Comparisons, compare
from reports.analysis.comparison.ranking import rankings, ranks
from reports.analysis.comparison.remarks import remarks_on
from reports.analysis.metrics import Metric, joined_titles, legend_of, main_of
from reports.analysis.provenance.notes import Notes, collect_notes
from reports.analysis.provenance.protocols import protocol_of, versions_of
from reports.analysis.provenance.table import comparable_published, provenance_of
from reports.analysis.results import MethodInfo, Results, deviation, mean
from reports.badges import Badge
from reports.formatting import FAILED, MISSING, TIMES, duration, number, significant
from reports.published.reader import Published, find
from reports.tables.badges import as_published, badge_lines, badges_of
from reports.tables.details import details_of, ranks_of
from reports.tables.layout import fitted, packed
from reports.tables.model import Entry, Grid, Section
from reports.tables.published import difference, published_grids

# Characters of columns of metrics that fit a page in LaTeX: with the columns of cost, and without.
_BESIDE, _ALONE = 56, 80


def build(pooled: Results, dataset: str, baseline: str) -> Section:
    """Build one section.

    Args:
        pooled: results of one protocol and profile: those of the data set, and of all others whose
            scenes count for the ranks.
        dataset: the data set's label.
        baseline: label of the method that every other is compared with.
    """
    results = pooled.select(dataset=dataset)
    address = results.stored[0].address
    values, why = comparable_published(results.stored)
    published = {(row.method, row.scale, row.metric): row for row in values}
    methods = results.methods()
    notes = collect_notes(results, methods)
    comparisons = compare(results, methods, baseline)
    ranked = rankings(pooled, dataset, methods)
    badges = badges_of(results, methods)
    grids = _measured(results, methods, notes, published, comparisons, badges)
    grids += as_published(published_grids(results, methods, notes, published), badges)
    if ranked:
        grids.append(ranks_of(methods, ranked))
    grids += _other(results, methods, notes)
    grids += details_of(results, methods, notes, comparisons)
    return Section(
        protocol=address.protocol,
        profile=address.profile,
        version=versions_of(results.stored),
        title=f"Protocol {protocol_of(results.stored)}, profile {address.profile}",
        provenance=(
            *provenance_of(results.stored, why),
            *badge_lines(methods, badges, published=bool(values)),
        ),
        grids=tuple(grids),
        notes=notes.texts,
        comparisons=comparisons.items,
        rankings=ranked,
    )


def _measured(
    results: Results,
    methods: Sequence[MethodInfo],
    notes: Notes,
    published: Published,
    comparisons: Comparisons,
    badges: Mapping[str, Badge],
) -> list[Grid]:
    """Build the main table; of many columns, in several grids.

    `badges` of the methods by their labels have a column, unless there are none.
    """
    metrics = main_of(results.metrics)
    how = "Mean over the test scenes"
    if any(
        len(results.values(method.label, scale, metric.name)) > 1
        for method, scale, metric in product(methods, results.scales, metrics)
    ):
        how += ", then over the seeds; ± is the standard deviation over the seeds"
    remarks = remarks_on(comparisons)
    grids: list[Grid] = []
    for shown in packed(metrics, len(results.scales)):
        columns = list(product(shown, results.scales))
        rows = [
            [
                Entry(method.title),
                *([Entry(badges[method.label].name or MISSING)] if badges else []),
            ]
            for method in methods
        ]
        for metric, scale in columns:
            for row, method, entry in zip(
                rows, methods, _column(results, methods, metric, scale), strict=True
            ):
                key = (method.label, scale, metric.name)
                value = find(published, method.published, scale, metric.name)
                measured, better = difference(results, key, metric, value)
                row.append(
                    replace(
                        entry,
                        notes=notes.of_entry(*key),
                        difference=measured,
                        better=better,
                        marks=comparisons.marks(method.label, scale, metric),
                    )
                )
        grids.append(
            Grid(
                title=joined_titles(shown),
                legend=" ".join(f"{text}." for text in (legend_of(shown), how) if text),
                groups=tuple((metric.heading, len(results.scales)) for metric in shown),
                columns=(
                    "Method",
                    *(["Badge"] if badges else []),
                    *(f"{TIMES}{scale}" for _, scale in columns),
                ),
                rows=tuple(map(tuple, rows)),
                labels=2 if badges else 1,
                # The definition of the marks is everywhere, all that explains them in one place.
                remarks=remarks if not grids else remarks[:1],
                main=True,
            )
        )
    return grids


def _column(
    results: Results, methods: Sequence[MethodInfo], metric: Metric, scale: int
) -> list[Entry]:
    """Build one column: every method at one scale by one metric."""
    counts = [results.scored_scenes(one.label, scale, metric.name)[0] for one in methods]
    # A mean over fewer scenes than the others' is not compared with theirs.
    means = [
        results.mean(method.label, scale, metric.name) if count == max(counts) else math.nan
        for method, count in zip(methods, counts, strict=True)
    ]
    entries = []
    for method, rank in zip(methods, ranks(means, metric), strict=True):
        values = results.values(method.label, scale, metric.name)
        failed = results.failed(method.label, scale)
        entries.append(Entry(FAILED if failed else over_seeds(values, metric.digits), rank))
    return entries


def _other(results: Results, methods: Sequence[MethodInfo], notes: Notes) -> list[Grid]:
    """Build the grid of the other metrics and of the cost; if too wide, a grid for each."""
    scored = set(results.cell_means.query("n > 0")["metric"])
    shown = [one for one in results.metrics if not one.main and one.name in scored]
    widths = [
        max(
            len(metric.heading),
            *(
                len(entry.text)
                for scale in results.scales
                for entry in _column(results, methods, metric, scale)
            ),
        )
        for metric in shown
    ]
    if sum(widths) <= _BESIDE:
        return [_of_scales(results, methods, notes, shown, cost=True)]
    groups = fitted(shown, widths, _ALONE)
    found = [_of_scales(results, methods, notes, metrics, cost=False) for metrics in groups]
    return [*found, _of_scales(results, methods, notes, (), cost=True)]


def _of_scales(
    results: Results,
    methods: Sequence[MethodInfo],
    notes: Notes,
    metrics: Sequence[Metric],
    *,
    cost: bool,
) -> Grid:
    """Build a grid with a row for every scale and method."""
    rows: list[tuple[Entry, ...]] = []
    for scale in results.scales:
        columns = [_column(results, methods, metric, scale) for metric in metrics]
        for index, method in enumerate(methods):
            name = Entry(method.title, notes=notes.numbers[method.label, scale])
            entries = [
                replace(
                    column[index], notes=notes.metrics.get((method.label, scale, metric.name), ())
                )
                for column, metric in zip(columns, metrics, strict=True)
            ]
            costs = _costs(results, notes, method.label, scale) if cost else []
            rows.append((Entry(f"{TIMES}{scale}"), name, *entries, *costs))
    texts = [legend_of(metrics)]
    if cost and results.machines.mixed:
        texts.append(
            f"Seconds are of {results.machines.main_name}; those in parentheses are of another "
            "machine and not comparable"
        )
    title = "Other metrics" if metrics else "Cost"
    return Grid(
        title=f"{title} and cost" if metrics and cost else title,
        legend=" ".join(f"{text}." for text in texts if text),
        groups=(),
        columns=(
            "Scale",
            "Method",
            *(metric.heading for metric in metrics),
            *(("Parameters", "Training", "s/image") if cost else ()),
        ),
        rows=tuple(rows),
        labels=2,
        blocks=tuple(index * len(methods) for index in range(1, len(results.scales))),
    )


def _costs(results: Results, notes: Notes, method: str, scale: int) -> list[Entry]:
    if results.failed(method, scale):
        return [Entry(MISSING)] * 3
    costs = results.costs(method, scale)

    def seconds(text: str) -> Entry:
        if costs.elsewhere:
            return Entry(f"({text})", notes=notes.machines[method, scale])
        return Entry(text)

    return [
        Entry(MISSING if math.isnan(costs.parameters) else f"{costs.parameters:,.0f}"),
        Entry(MISSING) if math.isnan(costs.fit_s) else seconds(duration(costs.fit_s)),
        Entry(MISSING) if math.isnan(costs.upscale_s) else seconds(significant(costs.upscale_s)),
    ]


def over_seeds(values: Sequence[float], digits: int) -> str:
    """Write the mean over seeds, with ± the standard deviation where there are several.

    Args:
        values: one mean over the test scenes per seed, none of them NaN.
        digits: after the decimal point.
    """
    if not values:
        return MISSING
    text, std = number(mean(values), digits), deviation(values)
    return text if math.isnan(std) else f"{text} ± {number(std, digits)}"
