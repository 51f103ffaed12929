"""Cells as the data of the page: scores, the origin of every number, what is missing.

Everything here is plain JSON. Methods, scales and scenes are identified by their indices in lists,
never by names, which may be any text.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from itertools import chain, groupby
from pathlib import PurePath
from typing import Any

from benchmark.errors import plain, redact_paths
from benchmark.store.address import Address
from benchmark.store.cells import Cell
from reports.analysis.comparison.pairs import BASELINE, Comparisons, compare
from reports.analysis.comparison.remarks import remarks_on, remarks_on_published
from reports.analysis.facts import as_list, get_nested
from reports.analysis.metrics import Metric
from reports.analysis.provenance.machines import Machines, name_of
from reports.analysis.provenance.notes import Notes, collect_notes
from reports.analysis.provenance.table import comparable_published, provenance_of, title_of
from reports.analysis.provenance.training import rate_line
from reports.analysis.records import fit_seconds
from reports.analysis.results import (
    ADDRESS,
    MethodInfo,
    Results,
    deviation,
    mean,
    read_results,
)
from reports.badges import Badge, badge_of, badge_of_row, worth_showing
from reports.formatting import DASH, REMARKED, duration, grouped, number, significant
from reports.page.cost import Operations, cost_of, sortable
from reports.page.curves import curves_of
from reports.page.pairs import pairs_of
from reports.published.reader import PublishedValue, find, published_names

_ENVIRONMENT = (
    "python", "torch", "numpy", "scipy", "h5py", "cuda", "driver", "gpu", "processor", "platform",
    "threads", "precision",
)  # fmt: skip


def words(text: object) -> str:
    """Make one line of a text from outside, and reduce every path in it to its last name."""
    return redact_paths(plain(text))


def finite(value: object) -> float | str | None:
    """Convert a number for JSON: infinity to a string, NaN and what is not a number to null."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int) or math.isfinite(value):  # an integer may be beyond any float
        return value
    return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


@dataclass(frozen=True)
class Described:
    """Cells as the data of the page.

    Attributes:
        sections: one a data set, protocol and profile; they refer to cells by index.
        cells: the origin of every number.
        scenes: the test scenes of every section by their own names, in the sections' order.
        places: a cell's address to the indices of its section and, in that, of its method.
    """

    sections: list[dict[str, Any]]
    cells: list[dict[str, Any]]
    scenes: list[list[str]]
    places: dict[Address, tuple[int, int]]


def describe(cells: Sequence[Cell], operations: Operations | None = None) -> Described:
    """Describe cells for the page.

    Args:
        cells: in the order of their addresses.
        operations: of the methods' networks, where they were counted.
    """
    numbers = {cell.address: index for index, cell in enumerate(cells)}
    described = Described([], [], [], {})
    for index, (_, group) in enumerate(groupby(cells, key=_section_of)):
        results = read_results(group)
        described.cells.extend(_cell(cell, results.machines) for cell in results.stored)
        labels = [method.label for method in results.methods()]
        for cell in results.stored:
            described.places[cell.address] = index, labels.index(cell.address.method)
        scenes = list(dict.fromkeys(chain.from_iterable(_scenes(results))))
        described.sections.append(_section(results, numbers, scenes, operations or {}))
        described.scenes.append(scenes)
    return described


def _section_of(cell: Cell) -> tuple[str, str, str]:
    """Return the part of the address that the cells of a section share."""
    return (cell.address.dataset, cell.address.protocol, cell.address.profile)


def _section(
    results: Results,
    numbers: Mapping[Address, int],
    scenes: Sequence[str],
    operations: Operations,
) -> dict[str, Any]:
    cells = results.stored
    address = cells[0].address
    rows, why = comparable_published(cells)
    methods = results.methods()
    notes = collect_notes(results, methods)
    comparisons = compare(results, methods)
    scored = set(results.scores["metric"])
    metrics = [one for one in results.metrics if one.main or one.name in scored]
    names = {metric.name for metric in metrics}
    labels = {method.label: index for index, method in enumerate(methods)}
    published = {(row.method, row.scale, row.metric): row for row in rows}
    return {
        "dataset": words(address.dataset),
        "protocol": words(address.protocol),
        "profile": words(address.profile),
        "title": words(title_of(cells)),
        "head": [[what, words(text)] for what, text in provenance_of(cells, why)],
        "notes": [words(text) for text in notes.texts],
        "remarks": [words(text) for text in remarks_on(comparisons)],
        "scales": results.scales,
        "scenes": [words(name) for name in scenes],
        "metrics": [asdict(metric) for metric in metrics],
        "methods": [
            _method(
                results, notes, comparisons, one, scenes, metrics, numbers, published, operations
            )
            for one in methods
        ],
        "badges": worth_showing(cells),
        "baseline": labels.get(BASELINE),
        "pairs": pairs_of(comparisons, labels),
        "curves": curves_of(results, labels, numbers),
        "machine": words(results.machines.main_name),
        "published": [
            {"scale": row.scale, "metric": row.metric, "value": row.value, **_published(row)}
            for row in rows
            if row.metric in names
        ],
        "published_remarks": [words(text) for text in remarks_on_published(rows, metrics)],
        "images": None,
    }


def _scenes(results: Results) -> Iterator[Iterable[str]]:
    """Yield the names of the test scenes of every cell, those without a score last."""
    known = results.scores.dropna(subset="value")
    scored = {at: list(scenes) for at, scenes in known.groupby(ADDRESS, sort=False)["scene"]}
    for cell in results.stored:
        yield scored.get(astuple(cell.address), ())
        yield map(str, as_list(get_nested(cell.facts, "configuration", "dataset", "test")))


def _method(
    results: Results,
    notes: Notes,
    comparisons: Comparisons,
    method: MethodInfo,
    scenes: Sequence[str],
    metrics: Sequence[Metric],
    numbers: Mapping[Address, int],
    published: Mapping[tuple[str, int, str], PublishedValue],
    operations: Operations,
) -> dict[str, Any]:
    places = []
    labels = set(results.cells["method"])
    for scale in results.scales:
        means: dict[str, Any] = {}
        scores: dict[str, Any] = {}
        compared: dict[str, Any] = {}
        for metric in metrics:
            values = results.values(method.label, scale, metric.name)
            found = results.by_scene(method.label, scale, metric.name)
            here, scored = results.scored_scenes(method.label, scale, metric.name)
            most = max(results.scored_scenes(one, scale, metric.name)[0] for one in labels)
            means[metric.name] = {
                **_mean(values, found.values(), metric),
                "scenes": _range(results.scene_counts(method.label, scale, metric.name)),
                "seeds": len(values),
                # A mean over fewer scenes than the others' is not compared with theirs.
                "ranked": here == most,
                "marks": comparisons.marks(method.label, scale, metric),
                "notes": list(notes.of_entry(method.label, scale, metric.name)),
            }
            scores[metric.name] = [finite(found.get(scene)) for scene in scenes]
            if row := find(published, method.published, scale, metric.name):
                measured = mean(values) if here == scored else math.nan
                compared[metric.name] = _compared(row, measured, metric)
        places.append(
            {
                **_state(results, method.label, scale),
                "cells": [
                    numbers[cell.address] for cell in results.at(method.label, scale)["cell"]
                ],
                "means": means,
                "published": compared,
                "scores": scores,
                "cost": cost_of(results, method.label, scale, operations),
            }
        )
    return {
        "label": words(method.label),
        "title": words(method.title),
        "published": [words(name) for name in published_names(method.published)],
        "paper": words(method.paper),
        "badge": _badge(
            badge_of_row(cell for cell in results.stored if cell.address.method == method.label)
        ),
        "trained": method.trained,
        "places": places,
    }


def _state(results: Results, method: str, scale: int) -> dict[str, str]:
    """Return whether there is a number, and the reason if there is none."""
    cells = results.at(method, scale)
    if cells.empty:
        return {"state": "missing", "why": "not run: no cell is stored"}
    if results.failed(method, scale):
        return {"state": "failed", "why": words(cells["reason"].iloc[0])}
    error = next(filter(None, cells["error"]), "")
    if error and not any(results.values(method, scale, one.name) for one in results.metrics):
        return {"state": "unreadable", "why": words(error)}
    return {"state": "done", "why": ""}


def _mean(
    over_seeds: Sequence[float], over_scenes: Iterable[float], metric: Metric
) -> dict[str, Any]:
    """Describe the mean over seeds, and the standard deviations over seeds and over scenes."""
    average = mean(over_seeds)
    return {
        "value": finite(average),
        "text": _number(average, metric, missing=DASH),
        "over_seeds": _number(deviation(over_seeds), metric),
        "over_scenes": _number(deviation(over_scenes), metric),
    }


def _range(counts: Sequence[int]) -> str:
    """Write over how many scenes the means of the seeds are: "7", or "6 to 7"."""
    return " to ".join(map(str, sorted({min(counts), max(counts)}))) if counts else ""


def _number(value: float, metric: Metric, missing: str = "") -> str:
    return missing if math.isnan(value) else number(value, metric.digits)


def _published(row: PublishedValue) -> dict[str, Any]:
    return {
        "text": words(f"{row.text}{REMARKED}" if row.remark else row.text),
        "method": words(row.method),
        "source": words(f"{row.paper}, {row.source}"),
    }


def _compared(row: PublishedValue, measured: float, metric: Metric) -> dict[str, Any]:
    """Describe a published value, and the difference of the measured one from it."""
    difference, better = metric.difference(measured, row.value, row.digits)
    exact = measured - row.value if math.isfinite(measured) else None
    return {
        "value": row.value,
        "difference": difference,
        "exact": exact,
        "better": better,
        **_published(row),
    }


def _cell(cell: Cell, machines: Machines) -> dict[str, Any]:
    facts, address = cell.facts, cell.address
    environment = get_nested(facts, "environment")
    environment = environment if isinstance(environment, Mapping) else {}
    versions = {name: environment[name] for name in _ENVIRONMENT if environment.get(name)}
    return {
        "path": address.folder(PurePath("results")).as_posix(),  # type: ignore[arg-type]
        "method": words(address.method),
        "scale": address.scale,
        "seed": address.seed,
        "status": words(cell.status),
        "reason": words(get_nested(facts, "reason", default="")),
        "key": words(get_nested(facts, "key", default="")),
        "badge": _badge(badge_of(cell)),
        "commit": words(environment.get("commit") or ""),
        "dirty": environment.get("dirty"),
        "device": words(name_of(cell)) if environment.get("device") else "",
        "elsewhere": words(machines.note(cell)),
        "date": words(get_nested(facts, "date", default="")),
        "command": words(environment.get("command") or ""),
        "versions": {name: words(value) for name, value in versions.items()},
        "parameters": sortable(get_nested(facts, "parameters"), grouped),
        "fit": sortable(fit_seconds(cell), duration),
        "upscale": sortable(get_nested(facts, "times", "upscale_s"), significant),
        "memory": sortable(get_nested(facts, "memory", "peak_bytes"), _mebibytes),
        "rate": words(rate_line(cell)),
        "resumed": finite(get_nested(facts, "resumed")),
        "warnings": [words(text) for text in as_list(get_nested(facts, "warnings"))],
    }


def _badge(badge: Badge) -> list[str]:
    return [badge.name, words(badge.text)]


def _mebibytes(value: float) -> str:
    return f"{value / 2**20:.0f} MiB"
