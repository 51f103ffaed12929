"""The content of the tables, before formatting.

One section per protocol and profile: its provenance, grids in the paper's layout, with the
published numbers, of ranks, of the other metrics and cost, of the statistics behind the marks, and
notes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

from reports.analysis.comparison import Comparisons, compare
from reports.analysis.metrics import MAIN, Metric, metrics_in
from reports.analysis.notes import Notes, collect_notes
from reports.analysis.provenance import comparable_published, provenance_of
from reports.analysis.ranking import rankings, ranks
from reports.analysis.remarks import remarks_on
from reports.analysis.results import MethodInfo, Results, deviation, mean
from reports.formatting import FAILED, MISSING, TIMES, duration, number, significant
from reports.published.reader import PublishedValue
from reports.tables.details import details_of, ranks_of
from reports.tables.model import Entry, Grid, Section

Published = Mapping[tuple[str, int, str], PublishedValue]  # by method, scale and metric


def build(pooled: Results, dataset: str, order: Sequence[str], baseline: str) -> Section:
    """Build one section.

    Args:
        pooled: results of one protocol and profile: those of the data set, and of all others whose
            scenes count for the ranks.
        dataset: the data set's label.
        order: labels of methods, in the order of the rows; the others follow.
        baseline: label of the method that every other is compared with.
    """
    results = pooled.select(dataset=dataset)
    address = results.stored[0].address
    values, why = comparable_published(results.stored)
    published = {(row.method, row.scale, row.metric): row for row in values}
    methods = results.methods(order)
    notes = collect_notes(results, methods)
    comparisons = compare(results, methods, baseline)
    ranked = rankings(pooled, dataset, methods)
    grids = [_measured(results, methods, notes, published, comparisons)]
    if published:
        grids.append(_published(results, methods, notes, published))
    if ranked:
        grids.append(ranks_of(methods, ranked))
    grids.append(_other(results, methods, notes))
    grids.extend(details_of(results, methods, notes, comparisons))
    return Section(
        protocol=address.protocol,
        profile=address.profile,
        provenance=provenance_of(results.stored, why),
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
) -> Grid:
    rows = [[Entry(method.title)] for method in methods]
    for metric, scale in product(MAIN, results.scales):
        for row, method, entry in zip(
            rows, methods, _column(results, methods, metric, scale), strict=True
        ):
            key = (method.label, scale, metric.name)
            value = published.get((method.published, scale, metric.name))
            difference, better = _difference(results, key, metric, value)
            row.append(
                replace(
                    entry,
                    notes=notes.numbers[method.label, scale],
                    difference=difference,
                    better=better,
                    marks=comparisons.marks(method.label, scale, metric),
                )
            )
    legend = "PSNR in dB, SAM in degrees; mean over the test scenes"
    if any(
        len(results.values(method.label, scale, "psnr")) > 1
        for method, scale in product(methods, results.scales)
    ):
        legend += ", then over the seeds; ± is the standard deviation over the seeds"
    return Grid(
        title="PSNR and SAM",
        legend=f"{legend}.",
        groups=tuple((metric.heading, len(results.scales)) for metric in MAIN),
        columns=("Method", *(f"{TIMES}{scale}" for _, scale in product(MAIN, results.scales))),
        rows=tuple(map(tuple, rows)),
        remarks=remarks_on(comparisons),
    )


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


def _published(
    results: Results, methods: Sequence[MethodInfo], notes: Notes, published: Published
) -> Grid:
    metrics = metrics_in({row.metric for row in published.values()})
    scales = results.scales
    rows: list[tuple[Entry, ...]] = []
    for name in dict.fromkeys(row.method for row in published.values()):
        here: list[MethodInfo | None] = [one for one in methods if one.published == name]
        for method in here or [None]:
            row = [Entry(name), Entry(method.title if method else MISSING)]
            for metric, scale in product(metrics, scales):
                value = published.get((name, scale, metric.name))
                if value is None or method is None:
                    row.append(Entry(value.text if value else MISSING))
                    continue
                key = (method.label, scale, metric.name)
                difference, better = _difference(results, key, metric, value)
                marked = notes.machines[method.label, scale]
                row.append(Entry(value.text, 0, marked, difference, better))
            rows.append(tuple(row))
    papers = dict.fromkeys(row.paper for row in published.values())
    return Grid(
        title=f"Published by {' and '.join(papers)}",
        legend="The published value, and in parentheses the measured one minus it.",
        groups=tuple((metric.heading, len(scales)) for metric in metrics),
        columns=(
            "Published",
            "Measured",
            *(f"{TIMES}{scale}" for _, scale in product(metrics, scales)),
        ),
        rows=tuple(rows),
        labels=2,
        differences=True,
    )


def _difference(
    results: Results, key: tuple[str, int, str], metric: Metric, value: PublishedValue | None
) -> tuple[str, bool | None]:
    """Return measured minus published; nothing for a mean that is not over all test scenes."""
    known, scored = results.scored_scenes(*key)
    if value is None or known < scored:
        return "", None
    return metric.difference(results.mean(*key), value.value)


def _other(results: Results, methods: Sequence[MethodInfo], notes: Notes) -> Grid:
    scored = set(results.cell_means.query("n > 0")["metric"])
    shown = [metric for metric in metrics_in(scored) if metric not in MAIN]
    rows: list[tuple[Entry, ...]] = []
    for scale in results.scales:
        columns = [_column(results, methods, metric, scale) for metric in shown]
        for index, method in enumerate(methods):
            name = Entry(method.title, notes=notes.numbers[method.label, scale])
            entries = [column[index] for column in columns]
            costs = _costs(results, notes, method.label, scale)
            rows.append((Entry(f"{TIMES}{scale}"), name, *entries, *costs))
    legend = "SAM (float) in degrees, nothing rounded at scoring; RMSE in 8-bit grey levels."
    if results.machines.mixed:
        legend += (
            f" Seconds are of {results.machines.main_name}; those in parentheses are of another "
            "machine and not comparable."
        )
    return Grid(
        title="Other metrics and cost",
        legend=legend,
        groups=(),
        columns=(
            "Scale",
            "Method",
            *(metric.heading for metric in shown),
            "Parameters",
            "Training",
            "s/image",
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
        # A method that is not trained has no training time.
        seconds(duration(costs.fit_s)) if costs.fit_s > 0 else Entry(MISSING),
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
