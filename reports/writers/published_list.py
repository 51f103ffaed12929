"""The published numbers as a list: one table per protocol and data set, never mixed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby, product
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from benchmark.errors import RequestError, listed, meant, plain
from reports.analysis.comparison.remarks import remarks_on_published
from reports.analysis.metrics import Metric
from reports.formatting import MISSING, REMARKED, TIMES
from reports.published.reader import PublishedValue, base_name, load
from reports.tables.published import published_metrics
from reports.writers.terminal import new_table, print_whole

if TYPE_CHECKING:
    from rich.console import Console


def chosen(
    protocol: str = "", dataset: str = "", rows: Sequence[PublishedValue] | None = None
) -> list[PublishedValue]:
    """Return the published values of a protocol or of a data set, or all.

    Args:
        protocol: a protocol's name; every one if empty.
        dataset: a data set's name or label; every one if empty.
        rows: what `load` returned; the suite's own files by default.

    Raises:
        RequestError: there are none; the message lists the known ones.
    """
    known = load() if rows is None else rows
    name = base_name(dataset)
    found = [
        row for row in known if protocol in ("", row.protocol) and (not name or name == row.dataset)
    ]
    if not found:
        there = dict.fromkeys(f"{row.protocol} on {row.dataset}" for row in known)
        guess = ""
        for asked, names in (
            (protocol, {row.protocol for row in known}),
            (name, {row.dataset for row in known}),
        ):
            if asked and asked not in names:
                guess = guess or meant(asked, sorted(names))
        raise RequestError(
            f"no published numbers of {protocol or 'any protocol'} on {name or 'any data set'}; "
            f"{guess}there are some of {listed(there) or 'nothing'}"
        )
    return found


def as_json(rows: Sequence[PublishedValue]) -> list[dict[str, Any]]:
    """Return the values as plain dictionaries, keyed like the columns of the files."""
    return [asdict(row) for row in rows]


def show_published(
    rows: Sequence[PublishedValue], console: "Console", known: Mapping[str, Sequence[Metric]]
) -> None:
    """Print one table per protocol and data set, with its sources and remarks beneath.

    Args:
        rows: what `chosen` returned.
        console: where to print.
        known: a protocol's name to its metrics in their order; others are shown by their labels.
    """

    def place(row: PublishedValue) -> tuple[str, str]:
        return row.protocol, row.dataset

    for (protocol, dataset), group in groupby(sorted(rows, key=place), key=place):
        here = list(group)
        heading = f"{plain(dataset)}, protocol {plain(protocol)}"
        console.print(Text(heading, style="bold"), soft_wrap=True)
        console.print()
        metrics = published_metrics(known.get(protocol, ()), here)
        print_whole(_table(here, metrics), console)
        sources: dict[str, dict[str, None]] = {}
        for row in here:
            sources.setdefault(f"{row.paper}: {row.source}", {})[row.method] = None
        for source, methods in sources.items():
            line = f"{', '.join(methods)}: {source}"
            console.print(Text(plain(line), style="dim"), soft_wrap=True)
        for remark in remarks_on_published(here, metrics):
            console.print(Text(plain(remark), style="yellow"), soft_wrap=True)
        console.print()


def _table(rows: Sequence[PublishedValue], metrics: Sequence[Metric]) -> Table:
    values = {(row.method, row.metric, row.scale): row for row in rows}
    scales = sorted({row.scale for row in rows})
    table = new_table()
    table.add_column("\nMethod", no_wrap=True)
    for metric, scale in product(metrics, scales):
        lead = metric.heading if scale == scales[0] else ""
        # A text is markup, which takes the brackets of a label for a style.
        table.add_column(Text(f"{lead}\n{TIMES}{scale}"), justify="right", no_wrap=True)
    for method in dict.fromkeys(row.method for row in rows):
        found = [
            values.get((method, metric.name, scale)) for metric, scale in product(metrics, scales)
        ]
        table.add_row(Text(plain(method)), *map(_text, found))
    return table


def _text(row: PublishedValue | None) -> Text:
    if row is None:
        return Text(MISSING)
    return Text.assemble(row.text, (REMARKED if row.remark else "", "yellow"))
