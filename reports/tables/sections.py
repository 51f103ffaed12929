"""What stands in the tables, before anybody decides how it looks.

One section a protocol and profile: a head, a grid in the paper's layout, a grid beside the
published numbers, a grid of ranks, a grid of the other metrics and of cost, the statistics behind
the marks, and notes.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

from reports.analysis.cells import Tally, mean
from reports.analysis.comparison import Comparisons, compare
from reports.analysis.metrics import MAIN, OTHER, Metric
from reports.analysis.provenance import head_of, published_and_why
from reports.analysis.ranking import rankings, ranks
from reports.analysis.results import Notes, Place, Result, results_of
from reports.formatting import FAILED, MISSING, TIMES, duration, number, signed, significant
from reports.published.reader import Row
from reports.tables.details import details_of, ranks_of
from reports.tables.model import Entry, Grid, Section


def build(
    tallies: Sequence[Tally],
    order: Sequence[str],
    baseline: str,
    others: Mapping[str, Sequence[Tally]],
) -> Section:
    """Make one section.

    Args:
        tallies: the cells of one data set, protocol and profile, with their averages; not empty.
        order: labels of methods, in the order of the rows; the others follow.
        baseline: label of the method that every other is compared with.
        others: the cells of other data sets that count for the ranks, by data set.
    """
    address = tallies[0].cell.address
    scales = scales_of(tallies)
    published, why = published_and_why([tally.cell for tally in tallies])
    notes = Notes()
    results = results_of(tallies, scales, order, notes)
    comparisons = compare(results, scales, baseline)
    rows = {name: results_of(own, scales_of(own), (), Notes()) for name, own in others.items()}
    ranked = rankings(address.dataset, {**rows, address.dataset: results})
    grids = [_measured(results, scales, published, comparisons)]
    if published:
        grids.append(_published(results, scales, published))
    if ranked:
        grids.append(ranks_of(results, ranked))
    grids.append(_other(results, scales))
    grids.extend(details_of(results, scales, comparisons))
    return Section(
        protocol=address.protocol,
        profile=address.profile,
        head=head_of([tally.cell for tally in tallies], why),
        grids=tuple(grids),
        notes=notes.texts,
        comparisons=comparisons.items,
        rankings=ranked,
    )


def scales_of(tallies: Sequence[Tally]) -> list[int]:
    """List the scale factors of some cells."""
    return sorted({tally.cell.address.scale for tally in tallies})


def _measured(
    results: Sequence[Result],
    scales: Sequence[int],
    published: Sequence[Row],
    comparisons: Comparisons,
) -> Grid:
    columns = []
    for metric, scale in product(MAIN, scales):
        marks = [comparisons.marks(result.label, scale, metric) for result in results]
        entries = _ranked(results, metric, scale, published)
        columns.append([replace(one, marks=mark) for one, mark in zip(entries, marks, strict=True)])
    legend = "PSNR in dB, SAM in degrees; mean over the test scenes"
    if any(result.several_seeds for result in results):
        legend += ", then over the seeds; ± is the standard deviation over the seeds"
    return Grid(
        title="PSNR and SAM",
        legend=f"{legend}.",
        groups=tuple((metric.heading, len(scales)) for metric in MAIN),
        columns=("Method", *(f"{TIMES}{scale}" for _, scale in product(MAIN, scales))),
        rows=tuple(
            (Entry(result.title), *(column[index] for column in columns))
            for index, result in enumerate(results)
        ),
        remarks=comparisons.remarks(),
    )


def _ranked(
    results: Sequence[Result], metric: Metric, scale: int, published: Sequence[Row] = ()
) -> list[Entry]:
    """Make one column: every method at one scale by one metric."""
    place = ranks([result.mean(scale, metric.name) for result in results], metric)
    printed = {(row.method, row.scale, row.metric): row.value for row in published}
    entries = []
    for result, rank in zip(results, place, strict=True):
        cell = result.at[scale]
        text = FAILED if cell.failed else over_seeds(cell.values(metric.name), metric.digits)
        beside = printed.get((result.published, scale, metric.name))
        difference, better = _difference(result.mean(scale, metric.name), beside, metric)
        entries.append(Entry(text, rank, cell.notes, difference, better))
    return entries


def _difference(
    measured: float, published: float | None, metric: Metric
) -> tuple[str, bool | None]:
    if published is None or not math.isfinite(measured):
        return "", None
    # What is printed is what is subtracted: a reader who checks it gets the same.
    value = round(round(measured, metric.digits) - published, metric.digits)
    return signed(value, metric.digits), (value > 0) == metric.higher if value else None


def _published(results: Sequence[Result], scales: Sequence[int], published: Sequence[Row]) -> Grid:
    values = {(row.method, row.scale, row.metric): row for row in published}
    given = {row.metric for row in published}
    metrics = [metric for metric in (*MAIN, *OTHER) if metric.name in given]
    rows = []
    for name in dict.fromkeys(row.method for row in published):
        here: list[Result | None] = [one for one in results if one.published == name]
        rows += [
            (Entry(name), *_beside(name, result, metrics, scales, values))
            for result in here or [None]
        ]
    papers = dict.fromkeys(row.paper for row in published)
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


def _beside(
    name: str,
    result: Result | None,
    metrics: Sequence[Metric],
    scales: Sequence[int],
    values: Mapping[tuple[str, int, str], Row],
) -> list[Entry]:
    entries = [Entry(result.title if result else MISSING)]
    for metric, scale in product(metrics, scales):
        value = values.get((name, scale, metric.name))
        measured = result.mean(scale, metric.name) if result else math.nan
        difference, better = _difference(measured, value.value if value else None, metric)
        text = value.text if value else MISSING
        entries.append(Entry(text, difference=difference, better=better))
    return entries


def _other(results: Sequence[Result], scales: Sequence[int]) -> Grid:
    shown = [
        metric
        for metric in OTHER
        if any(result.at[scale].values(metric.name) for result in results for scale in scales)
    ]
    rows: list[tuple[Entry, ...]] = []
    for scale in scales:
        columns = [_ranked(results, metric, scale) for metric in shown]
        for index, result in enumerate(results):
            place = result.at[scale]
            entries = [Entry(column[index].text, column[index].rank) for column in columns]
            name = Entry(result.title, notes=place.notes)
            rows.append((Entry(f"{TIMES}{scale}"), name, *entries, *_costs(place)))
    return Grid(
        title="Other metrics and cost",
        legend="SAM (float) in degrees, nothing rounded at scoring; RMSE in 8-bit grey levels.",
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
        blocks=tuple(index * len(results) for index in range(1, len(scales))),
    )


def _costs(place: Place) -> list[Entry]:
    if place.failed:
        return [Entry(MISSING)] * 3
    parameters, training, upscaling = place.parameters, place.training, place.upscaling
    return [
        Entry(MISSING if math.isnan(parameters) else f"{parameters:,.0f}"),
        # A method that is not trained has spent no time on it.
        Entry(duration(training) if training > 0 else MISSING),
        Entry(MISSING if math.isnan(upscaling) else significant(upscaling)),
    ]


def over_seeds(values: Sequence[float], digits: int) -> str:
    """Write the mean over seeds, with ± the standard deviation where there are several.

    Args:
        values: one mean over the test scenes per seed.
        digits: behind the point.
    """
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return MISSING
    text = number(mean(known), digits)
    if len(known) > 1 and all(map(math.isfinite, known)):
        text += f" ± {statistics.stdev(known):.{digits}f}"
    return text
