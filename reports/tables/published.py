"""The grids of published values, each with the measured value minus it."""

from collections.abc import Iterable, Sequence
from itertools import product

from reports.analysis.comparison.remarks import remarks_on_published
from reports.analysis.metrics import Metric
from reports.analysis.provenance.notes import Notes
from reports.analysis.results import MethodInfo, Results
from reports.formatting import MISSING, REMARKED, TIMES
from reports.published.reader import Published, PublishedValue, published_names
from reports.tables.layout import WIDEST, packed, titled
from reports.tables.model import Entry, Grid

_NARROW = 2  # digits after the decimal point, up to which as many columns fit as elsewhere


def published_grids(
    results: Results, methods: Sequence[MethodInfo], notes: Notes, published: Published
) -> list[Grid]:
    """Build the grids; a published method has a row for every method of the suite that is it.

    Args:
        results: of one data set, protocol and profile.
        methods: its methods in the order of the rows.
        notes: of the section; those on machines are shown.
        published: the published values.
    """
    rows = [row for row in published.values() if row.scale in results.scales]
    if not rows:
        return []
    title = f"Published by {'; '.join(dict.fromkeys(row.paper for row in rows))}"
    narrow = max(row.digits for row in rows) <= _NARROW
    groups = packed(
        published_metrics(results.metrics, rows), len(results.scales), WIDEST - 2 * (not narrow)
    )
    return [
        _grid(results, methods, notes, rows, metrics, titled(title, metrics, len(groups)))
        for metrics in groups
    ]


def published_metrics(known: Sequence[Metric], rows: Iterable[PublishedValue]) -> list[Metric]:
    """Return the metrics of published values: the known ones in their order, then the others.

    A metric that is not known is shown by its label.
    """
    names = dict.fromkeys(row.metric for row in rows)
    found = [metric for metric in known if metric.name in names]
    own = {metric.name for metric in found}
    return [*found, *(Metric(name, name, higher=None) for name in names if name not in own)]


def difference(
    results: Results, key: tuple[str, int, str], metric: Metric, value: PublishedValue | None
) -> tuple[str, bool | None]:
    """Return measured minus published; nothing for a mean that is not over all test scenes.

    Args:
        results: of one data set, protocol and profile.
        key: the method's label, the scale, and the name of the metric.
        metric: the metric.
        value: the published value, if there is one.
    """
    known, scored = results.scored_scenes(*key)
    if value is None or known < scored:
        return "", None
    return metric.difference(results.mean(*key), value.value, value.digits)


def _grid(
    results: Results,
    methods: Sequence[MethodInfo],
    notes: Notes,
    values: Sequence[PublishedValue],
    metrics: Sequence[Metric],
    title: str,
) -> Grid:
    scales = results.scales
    digits = {metric.name: metric.digits for metric in metrics}
    rounded = any(row.digits != digits.get(row.metric, row.digits) for row in values)
    published = {(row.method, row.scale, row.metric): row for row in values}
    columns = list(product(metrics, scales))
    rows: list[tuple[Entry, ...]] = []
    for name in dict.fromkeys(row.method for row in values):
        here = [published.get((name, scale, metric.name)) for metric, scale in columns]
        if not any(here):
            continue
        own: list[MethodInfo | None] = [
            one for one in methods if name in published_names(one.published)
        ]
        for method in own or [None]:
            row = [Entry(name), Entry(method.title if method else MISSING)]
            for (metric, scale), value in zip(columns, here, strict=True):
                if value is None:
                    row.append(Entry(MISSING))
                    continue
                marks = REMARKED * bool(value.remark)
                if method is None:
                    row.append(Entry(value.text, marks=marks))
                    continue
                key = (method.label, scale, metric.name)
                measured, better = difference(results, key, metric, value)
                machines = notes.machines[method.label, scale]
                row.append(Entry(value.text, 0, machines, measured, better, marks))
            rows.append(tuple(row))
    return Grid(
        title=title,
        legend="The published value, and in parentheses the measured one"
        + (", rounded as in print," if rounded else "")
        + " minus it.",
        groups=tuple((metric.heading, len(scales)) for metric in metrics),
        columns=("Published", "Measured", *(f"{TIMES}{scale}" for _, scale in columns)),
        rows=tuple(rows),
        labels=2,
        differences=True,
        remarks=remarks_on_published([row for row in values if row.scale in scales], metrics),
    )
