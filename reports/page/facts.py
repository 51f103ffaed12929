"""What the page knows of cells: their scores, where each number comes from, what is missing.

Everything here is plain JSON. Methods, scales and scenes are identified by their indices in lists,
never by names, which may be anything.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from itertools import chain, groupby
from pathlib import PurePath
from typing import Any

from benchmark.errors import plain, redact_paths
from benchmark.store.cells import Cell
from reports.analysis.facts import get_nested
from reports.analysis.metrics import MAIN, OTHER, Metric
from reports.analysis.notes import Notes, collect_notes
from reports.analysis.provenance import comparable_published, provenance_of, title_of
from reports.analysis.results import (
    ADDRESS,
    MAX_NUMBER,
    MethodInfo,
    Results,
    deviation,
    mean,
    read_results,
)
from reports.formatting import DASH, duration, number, significant
from reports.published.reader import PublishedValue

UNITS = {"psnr": "dB", "sam": "degrees", "sam_float": "degrees", "rmse": "grey levels"}
MEANINGS = {
    "psnr": "peak signal-to-noise ratio over the whole cube; higher is better",
    "sam": "spectral angle between estimate and truth, mean over pixels; lower is better",
    "sam_float": "the same angle of images that were not rounded; lower is better",
    "ssim": "structural similarity, mean over bands; higher is better",
    "ergas": "relative global error, as in pansharpening; lower is better",
    "rmse": "root mean squared error in 8-bit grey levels; lower is better",
}
_ENVIRONMENT = (
    "python", "torch", "numpy", "scipy", "h5py", "cuda", "driver", "gpu", "processor", "platform",
    "threads", "precision",
)  # fmt: skip


def words(text: object) -> str:
    """Make one line of a text from outside, and of every path in it the last name alone."""
    return redact_paths(plain(text))


def finite(value: object) -> float | str | None:
    """Write a number as JSON can hold it: infinity in words, NaN and what is no number as null."""
    if not isinstance(value, int | float) or isinstance(value, bool) or math.isnan(value):
        return None
    return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


@dataclass(frozen=True)
class Described:
    """Cells as the page knows them.

    Attributes:
        sections: one a data set, protocol and profile; they name cells by their places.
        cells: where every number comes from.
        scenes: the test scenes of every section by their own names, in the sections' order.
    """

    sections: list[dict[str, Any]]
    cells: list[dict[str, Any]]
    scenes: list[list[str]]


def describe(cells: Sequence[Cell]) -> Described:
    """Describe cells for the page.

    Args:
        cells: in the order of their addresses.
    """
    numbers = {id(cell): index for index, cell in enumerate(cells)}
    described = Described([], [_cell(cell) for cell in cells], [])
    for _, group in groupby(cells, key=place_of):
        results = read_results(group)
        scenes = list(dict.fromkeys(chain.from_iterable(_scenes(results))))
        described.sections.append(_section(results, numbers, scenes))
        described.scenes.append(scenes)
    return described


def place_of(cell: Cell) -> tuple[str, str, str]:
    """Return what the cells of a section have in common."""
    return (cell.address.dataset, cell.address.protocol, cell.address.profile)


def metric_facts(metric: Metric) -> dict[str, Any]:
    """Describe a metric for a reader who has not met it."""
    return {
        "name": metric.name,
        "title": metric.title,
        "digits": metric.digits,
        "higher": metric.higher,
        "unit": UNITS.get(metric.name, ""),
        "meaning": MEANINGS.get(metric.name, ""),
    }


def _section(
    results: Results,
    numbers: Mapping[int, int],
    scenes: Sequence[str],
) -> dict[str, Any]:
    cells = results.stored
    address = cells[0].address
    rows, why = comparable_published(cells)
    methods = results.methods()
    notes = collect_notes(results, methods)
    present = set(results.scores["metric"])
    metrics = [metric for metric in (*MAIN, *OTHER) if metric.name in present] or list(MAIN)
    digits = {metric.name: metric.digits for metric in (*MAIN, *OTHER)}
    return {
        "dataset": words(address.dataset),
        "protocol": words(address.protocol),
        "profile": words(address.profile),
        "title": words(title_of(cells)),
        "head": [[what, words(text)] for what, text in provenance_of(cells, why)],
        "notes": [words(text) for text in notes.texts],
        "scales": results.scales,
        "scenes": [words(name) for name in scenes],
        "metrics": [metric_facts(metric) for metric in metrics],
        "methods": [
            _method(results, notes, method, scenes, metrics, numbers, rows) for method in methods
        ],
        "published": [
            {
                "method": words(row.method),
                "scale": row.scale,
                "metric": row.metric,
                "text": number(row.value, digits[row.metric]),
                "source": words(f"{row.paper}, {row.source}"),
            }
            for row in rows
            if row.metric in digits
        ],
        "images": None,
    }


def _scenes(results: Results) -> Iterator[Iterable[str]]:
    """Name the test scenes cell by cell, those without a score last."""
    known = results.scores.dropna(subset="value")
    scored = {at: list(scenes) for at, scenes in known.groupby(ADDRESS, sort=False)["scene"]}
    for cell in results.stored:
        yield scored.get(astuple(cell.address), ())
        yield map(str, get_nested(cell.facts, "configuration", "dataset", "test", default=()))


def _method(
    results: Results,
    notes: Notes,
    method: MethodInfo,
    scenes: Sequence[str],
    metrics: Sequence[Metric],
    numbers: Mapping[int, int],
    rows: Sequence[PublishedValue],
) -> dict[str, Any]:
    places = []
    for scale in results.scales:
        published = {
            row.metric: row for row in rows if (row.method, row.scale) == (method.published, scale)
        }
        values = {metric: results.values(method.label, scale, metric.name) for metric in metrics}
        scores = {metric: results.by_scene(method.label, scale, metric.name) for metric in metrics}
        places.append(
            {
                **_state(results, method.label, scale),
                "cells": [numbers[id(cell)] for cell in results.at(method.label, scale)["cell"]],
                "notes": list(notes.numbers[method.label, scale]),
                "means": {
                    metric.name: _mean(metric, values[metric], scores[metric].values())
                    for metric in metrics
                },
                "published": {
                    metric.name: _compared(metric, values[metric], published[metric.name])
                    for metric in metrics
                    if metric.name in published
                },
                "scores": {
                    metric.name: [finite(found.get(scene)) for scene in scenes]
                    for metric, found in scores.items()
                },
            }
        )
    return {
        "label": words(method.label),
        "title": words(method.title),
        "published": words(method.published),
        "paper": words(method.paper),
        "places": places,
    }


def _state(results: Results, method: str, scale: int) -> dict[str, str]:
    """Return whether there is a number, and if not why."""
    cells = results.at(method, scale)
    if cells.empty:
        return {"state": "missing", "why": "not run: no cell is stored"}
    if results.failed(method, scale):
        return {"state": "failed", "why": words(cells["reason"].iloc[0])}
    error = next(filter(None, cells["error"]), "")
    if error and not results.values(method, scale, "psnr"):
        return {"state": "unreadable", "why": words(error)}
    return {"state": "done", "why": ""}


def _mean(metric: Metric, seeds: Iterable[float], scenes: Iterable[float]) -> dict[str, Any]:
    """Describe the mean over seeds, and the standard deviations over seeds and over scenes."""
    average = mean(seeds)
    return {
        "value": finite(average),
        "text": _number(average, metric, missing=DASH),
        "over_seeds": _number(deviation(seeds), metric),
        "over_scenes": _number(deviation(scenes), metric),
    }


def _number(value: float, metric: Metric, missing: str = "") -> str:
    return missing if math.isnan(value) else number(value, metric.digits)


def _compared(metric: Metric, seeds: Iterable[float], row: PublishedValue) -> dict[str, Any]:
    """Describe a published value, and the difference of the measured one from it."""
    difference, better = metric.difference(mean(seeds), row.value)
    return {
        "value": row.value,
        "text": number(row.value, metric.digits),
        "method": words(row.method),
        "source": words(f"{row.paper}, {row.source}"),
        "difference": difference,
        "better": better,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    facts, address = cell.facts, cell.address
    environment = get_nested(facts, "environment", default={})
    versions = {name: environment[name] for name in _ENVIRONMENT if environment.get(name)}
    return {
        "path": address.folder(PurePath("results")).as_posix(),  # type: ignore[arg-type]
        "method": words(address.method),
        "scale": address.scale,
        "seed": address.seed,
        "status": words(cell.status),
        "reason": words(get_nested(facts, "reason", default="")),
        "key": words(get_nested(facts, "key", default="")),
        "commit": words(environment.get("commit") or ""),
        "dirty": environment.get("dirty"),
        "device": words(environment.get("device") or ""),
        "date": words(get_nested(facts, "date", default="")),
        "command": words(environment.get("command") or ""),
        "versions": {name: words(value) for name, value in versions.items()},
        "parameters": _sortable(get_nested(facts, "parameters"), _grouped),
        "fit": _sortable(get_nested(facts, "times", "fit_s") or None, duration),
        "upscale": _sortable(get_nested(facts, "times", "upscale_s"), significant),
        "memory": _sortable(get_nested(facts, "memory", "peak_bytes"), _mebibytes),
        "resumed": finite(get_nested(facts, "resumed")),
        "warnings": [words(text) for text in get_nested(facts, "warnings", default=())],
    }


def _sortable(value: object, write: Callable[[float], str]) -> dict[str, Any]:
    """Describe a number by its value, for sorting, and its text."""
    known = finite(value)
    if not isinstance(known, int | float) or abs(known) >= MAX_NUMBER:
        return {"value": None, "text": DASH}
    return {"value": known, "text": write(known)}


def _grouped(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _mebibytes(value: float) -> str:
    return f"{value / 2**20:.0f} MiB"
