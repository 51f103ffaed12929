"""The protocols in a few lines each, with the Bicubic row as printed and as measured."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.commands import command
from benchmark.errors import listed, plain
from benchmark.store.cells import Cell
from reports.analysis.facts import as_text
from reports.analysis.metrics import Metric, from_facts, main_of
from reports.analysis.provenance.protocols import bicubic_labels, fits, version_of
from reports.analysis.results import read_results
from reports.formatting import MISSING, TIMES, number
from reports.published.reader import BICUBIC, PublishedValue, published_for


@dataclass(frozen=True)
class BicubicRow:
    """The Bicubic row of a protocol on a data set.

    Attributes:
        printed: the published values.
        measured: the mean over the test scenes by (scale, name of the metric).
        method: label of the method that was measured.
        source: where its cells are stored; empty where there are none.
        command: what to run where there are none.
    """

    printed: tuple[PublishedValue, ...]
    measured: Mapping[tuple[int, str], float]
    method: str
    source: str
    command: str


def bicubic_row(
    facts: Mapping[str, Any], dataset: str, stored: Mapping[str, Sequence[Cell]]
) -> BicubicRow:
    """Look up the Bicubic row of a protocol.

    Args:
        facts: of the protocol, with its metrics.
        dataset: the data set's label.
        stored: names of results folders, and their cells; the first with cells of this row counts.
    """
    name, methods = str(facts["name"]), bicubic_labels(facts)
    printed = tuple(row for row in published_for(name, dataset) if row.method == BICUBIC)
    scales = ",".join(map(str, facts["scales"]))
    run = command(
        *("--dataset", dataset, "--protocol", name, "--scales", scales, "--methods", methods[0])
    )
    for place, found in stored.items():
        fitting = cells_of(facts, dataset, {place: found})
        for method in methods:
            own = [cell for cell in fitting if cell.address.method == method]
            if own:
                recorded = all(map(version_of, own))
                source = place if recorded else f"{place}, no version of the protocol recorded"
                return BicubicRow(printed, _means(own), method, source, run)
    return BicubicRow(printed, {}, methods[0], "", run)


def as_json(facts: Mapping[str, Any], row: BicubicRow) -> dict[str, Any]:
    """Return a protocol and its Bicubic row as plain values."""
    printed = [
        {"scale": one.scale, "metric": one.metric, "value": one.value, "text": one.text,
         "source": f"{one.paper}, {one.source}", "remark": one.remark}
        for one in row.printed
    ]  # fmt: skip
    measured = [
        {"scale": scale, "metric": metric, "value": value}
        for (scale, metric), value in sorted(row.measured.items())
    ]
    return {
        **facts,
        "bicubic": {
            "printed": printed,
            "measured": measured,
            "method": row.method,
            "source": row.source,
            "command": row.command,
        },
    }


def lines_of(facts: Mapping[str, Any], row: BicubicRow, dataset: str) -> list[str]:
    """Describe a protocol: its name and paper, images, split, metrics, and its Bicubic row.

    Args:
        facts: of the protocol, with its metrics and its split of the data set.
        row: what `bicubic_row` returned.
        dataset: the data set's label.
    """
    metrics = from_facts(facts["metrics"])
    lines = [
        f"images: {_images(facts)}",
        f"split of {dataset}: {_split(facts['split'], str(facts['name']))}",
        f"metrics: {_metrics(metrics)}",
        *_bicubic(metrics, row, dataset),
    ]
    paper = f": {facts['paper']}" if facts.get("paper") else ""
    return [
        plain(f"{facts['name']}, version {facts['version']}{paper}"),
        *(f"    {plain(line)}" for line in (facts["summary"], *lines)),
    ]


def cells_of(
    facts: Mapping[str, Any], dataset: str, stored: Mapping[str, Sequence[Cell]]
) -> list[Cell]:
    """Return the finished cells of a protocol on a data set, of the first folder that has some.

    Args:
        facts: of the protocol.
        dataset: the data set's label.
        stored: names of results folders, and their cells.
    """
    for folder in stored.values():
        found = [cell for cell in folder if cell.status == "done" and fits(cell, facts, dataset)]
        if found:
            return found
    return []


def of_one_profile(found: Sequence[Cell]) -> list[Cell]:
    """Return cells without those that only differ in their profile from one before them."""
    kept: dict[Any, Cell] = {}
    for cell in found:
        kept.setdefault((cell.address.method, cell.address.scale, cell.address.seed), cell)
    return list(kept.values())


def _means(own: Sequence[Cell]) -> dict[tuple[int, str], float]:
    """Average over the scenes; a method without seeds has the same scores in every profile."""
    found: dict[tuple[int, str], float] = {}
    for cell in own:
        means = read_results([cell]).cell_means
        for metric, value in zip(means["metric"], means["mean"], strict=True):
            found.setdefault((cell.address.scale, str(metric)), float(value))
    return found


def _images(facts: Mapping[str, Any]) -> str:
    down, up = _operator(facts["down"]), _operator(facts["up"])
    size = "cut to a multiple of the scale, " if facts["crops"] else ""
    stored, scored = facts["stored_levels"], facts["scored_levels"]
    kept = f"stored in grey levels 0 to {stored}" if stored else "stored in float"
    compared = f"scored in grey levels 0 to {scored}" if scored else "scored in float"
    back = "the same back" if up == down else f"{up} back"
    scales = ", ".join(f"{TIMES}{scale}" for scale in facts["scales"])
    return f"{size}{down} down, {back}; {kept}, {compared}; {scales}"


def _operator(facts: Mapping[str, Any]) -> str:
    """Write an operator with its parameters: "Resize (a -0.5, antialias, border mirror)"."""
    name = as_text(facts.get("operator"))
    parts = []
    for key, value in facts.items():
        if key in ("operator", "source"):
            continue
        if isinstance(value, bool):
            parts.append(key if value else f"no {key}")
        else:
            parts.append(f"{key} {as_text(value)}")
    return f"{name} ({', '.join(parts)})" if parts else name


def _split(split: Mapping[str, Any], protocol: str) -> str:
    own = f"that of {protocol}" if split["own"] else "the data set's own"
    counts = [
        f"{len(split[role])} {use}"
        for role, use in (("train", "training"), ("validation", "validation"), ("test", "test"))
    ]
    text = f"{own}; {', '.join(counts)} scenes; test: {listed(split['test'], 12)}"
    return f"{text}; left out: {listed(split['left_out'])}" if split["left_out"] else text


def _metrics(metrics: Sequence[Metric]) -> str:
    main = [metric.title for metric in main_of(metrics)]
    others = [metric.title for metric in metrics if not metric.main]
    return f"{', '.join(main)}; also {', '.join(others)}" if others else ", ".join(main)


def _bicubic(metrics: Sequence[Metric], row: BicubicRow, dataset: str) -> list[str]:
    """Write the printed and the measured row, all metrics of print by scale."""
    digits = {(one.scale, one.metric): one.digits for one in row.printed}
    shown = [one for one in metrics if any(one.name == name for _, name in digits)]
    shown = shown or list(main_of(metrics))
    texts = {(one.scale, one.metric): one.text for one in row.printed}
    measured = {
        at: number(value, digits.get(at, _digits(metrics, at[1])))
        for at, value in row.measured.items()
    }
    scales = sorted({scale for scale, _ in texts} | {scale for scale, _ in measured})
    titles = " / ".join(metric.title for metric in shown)
    printed = _by_scale(texts, shown, scales) or "no published row is known"
    found = _by_scale(measured, shown, scales)
    how = f"measured by {row.method} in {row.source}: {found}"
    return [
        f"Bicubic on {dataset}, {titles}, printed: {printed}",
        how if found else f"measured: not run here: {row.command}",
    ]


def _by_scale(
    values: Mapping[tuple[int, str], str], metrics: Sequence[Metric], scales: Iterable[int]
) -> str:
    parts = []
    for scale in scales:
        here = [values.get((scale, metric.name)) for metric in metrics]
        if any(here):
            parts.append(f"{TIMES}{scale} {' / '.join(one or MISSING for one in here)}")
    return "; ".join(parts)


def _digits(metrics: Sequence[Metric], name: str) -> int:
    return next((metric.digits for metric in metrics if metric.name == name), 4)
