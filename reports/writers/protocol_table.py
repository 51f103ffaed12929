"""One Markdown table of all protocols: how hard each is, by its first metric.

Beside the Bicubic row, printed and measured, stand the methods that are not trained in steps: what
a closed form already reaches, which papers leave out. Then the best network that was trained here,
by the longest profile of each, and the best published one. Protocols differ in split and metric, so
the table is read along its rows, never down its columns.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmark.store.cells import Cell
from reports.analysis.metrics import Metric, from_facts, main_of
from reports.analysis.results import Results, read_results
from reports.analysis.verdicts.groups import Group, groups_of, longest
from reports.formatting import MISSING, TIMES, number
from reports.published.reader import BICUBIC, PublishedValue, published_for
from reports.writers.markdown import markdown_table
from reports.writers.protocol_list import BicubicRow, cells_of, of_one_profile

_HEADINGS = ("Protocol", "Metric", "Scale", "Bicubic, printed", "Bicubic, measured")


def protocol_table(
    protocols: Sequence[tuple[Mapping[str, Any], BicubicRow]],
    dataset: str,
    stored: Mapping[str, Sequence[Cell]],
) -> str:
    """Write the table.

    Args:
        protocols: the facts of each, with its metrics, and its Bicubic row.
        dataset: the data set's label.
        stored: names of results folders, and their cells; the first with cells counts.
    """
    found = [cells_of(facts, dataset, stored) for facts, _ in protocols]
    measured = [read_results(of_one_profile(cells)) for cells in found]
    titles: dict[str, str] = {}
    for results in measured:
        titles.update(
            (one.label, one.title)
            for one in results.methods()
            if not one.trained and one.published != BICUBIC
        )
    rows = [
        row
        for (facts, bicubic), cells, results in zip(protocols, found, measured, strict=True)
        for row in _rows(facts, bicubic, cells, results, dataset, list(titles))
    ]
    headings = [*_HEADINGS, *titles.values(), "Best network, measured", "Best published"]
    return markdown_table(rows, headings, ["left", "left", "left"])


def _rows(
    facts: Mapping[str, Any],
    bicubic: BicubicRow,
    cells: Sequence[Cell],
    results: Results,
    dataset: str,
    methods: Sequence[str],
) -> Iterator[list[str]]:
    trained = [one for one in groups_of(cells) if one.trained]
    name, metric = str(facts["name"]), main_of(from_facts(facts["metrics"]))[0]
    published = published_for(name, dataset)
    for scale in facts["scales"]:
        printed = [
            one for one in bicubic.printed if (one.scale, one.metric) == (scale, metric.name)
        ]
        measured = bicubic.measured.get((scale, metric.name))
        digits = printed[0].digits if printed else metric.digits
        others = [results.values(method, scale, metric.name) for method in methods]
        yield [
            name,
            metric.title,
            f"{TIMES}{scale}",
            printed[0].text if printed else MISSING,
            MISSING if measured is None else number(measured, digits),
            *(
                number(sum(values) / len(values), metric.digits) if values else MISSING
                for values in others
            ),
            _best_network([one for one in trained if one.scale == scale], metric),
            _best_published(published, metric, scale),
        ]


def _best_network(groups: Sequence[Group], metric: Metric) -> str:
    """Return the best score of trained networks at one scale, with its title and profile."""
    chosen = [
        group
        for method in dict.fromkeys(one.method for one in groups)
        if (group := longest([one for one in groups if one.method == method]))
        and not math.isnan(group.mean(metric.name))
    ]
    if not chosen:
        return MISSING
    best = (max if metric.higher else min)(chosen, key=lambda one: one.mean(metric.name))
    score = number(best.mean(metric.name), metric.digits)
    return f"{score} ({best.title}, `{best.profile}`)"


def _best_published(published: Sequence[PublishedValue], metric: Metric, scale: int) -> str:
    """Return the best published value at a scale, with its method."""
    here = [one for one in published if (one.scale, one.metric) == (scale, metric.name)]
    here = [one for one in here if one.method != BICUBIC]
    if not here:
        return MISSING
    best = (max if metric.higher else min)(here, key=lambda one: one.value)
    return f"{best.text} ({best.method})"
