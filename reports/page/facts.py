"""What the page knows of cells: their scores, where each number comes from, what is missing.

Everything here is plain JSON. Methods, scales and scenes are told apart by their places in lists,
never by names, which may be anything.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from itertools import chain, groupby
from pathlib import PurePath
from typing import Any

from benchmark.errors import plain
from benchmark.store.cells import Cell
from reports.analysis.facts import get_nested
from reports.analysis.metrics import MAIN, OTHER, Metric
from reports.analysis.notes import Notes, collect_notes
from reports.analysis.provenance import comparable_published, provenance_of, title_of
from reports.analysis.results import (
    ADDRESS,
    MethodInfo,
    Results,
    deviation,
    mean,
    read_results,
)

UNITS = {"psnr": "dB", "sam": "degrees", "sam_float": "degrees", "rmse": "grey levels"}
MEANINGS = {
    "psnr": "peak signal-to-noise ratio over the whole cube; higher is better",
    "sam": "spectral angle between estimate and truth, mean over pixels; lower is better",
    "sam_float": "the same angle with nothing rounded at scoring; lower is better",
    "ssim": "structural similarity, mean over bands; higher is better",
    "ergas": "relative global error, as in pansharpening; lower is better",
    "rmse": "root mean squared error in 8-bit grey levels; lower is better",
}
_ENVIRONMENT = (
    "python", "torch", "numpy", "scipy", "h5py", "cuda", "driver", "gpu", "processor", "platform",
    "threads", "precision",
)  # fmt: skip
# A path of somebody's machine: a root and at least two names.
_PATH = re.compile(
    r"(?<![\w./\\:])(?:[A-Za-z]:)?(?:[/\\][^\s/\\:'\",;()<>|]+)+[/\\]([^\s/\\'\",;()<>|]+)"
)


def words(text: object) -> str:
    """Make one line of a text from outside, and of every path in it the last name alone."""
    return _PATH.sub(r"\1", plain(text))


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
    """Give what a section has in common."""
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
        "methods": [_method(results, notes, one, scenes, metrics, numbers) for one in methods],
        "published": [
            {
                "method": words(row.method),
                "scale": row.scale,
                "metric": row.metric,
                "value": row.value,
                "source": words(f"{row.paper}, {row.source}"),
            }
            for row in rows
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
) -> dict[str, Any]:
    places = []
    for scale in results.scales:
        scores = {
            metric.name: results.by_scene(method.label, scale, metric.name) for metric in metrics
        }
        places.append(
            {
                **_state(results, method.label, scale),
                "cells": [numbers[id(cell)] for cell in results.at(method.label, scale)["cell"]],
                "notes": list(notes.numbers[method.label, scale]),
                "means": {
                    metric.name: _mean(results.values(method.label, scale, metric.name))
                    for metric in metrics
                },
                "scores": {
                    metric: [finite(values.get(scene)) for scene in scenes]
                    for metric, values in scores.items()
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
    """Say whether there is a number, and if not why."""
    cells = results.at(method, scale)
    if cells.empty:
        return {"state": "missing", "why": "not run: no cell is stored"}
    if results.failed(method, scale):
        return {"state": "failed", "why": words(cells["reason"].iloc[0])}
    error = next(filter(None, cells["error"]), "")
    if error and not results.values(method, scale, "psnr"):
        return {"state": "unreadable", "why": words(error)}
    return {"state": "done", "why": ""}


def _mean(values: Sequence[float]) -> list[float | str | None]:
    """Give the mean over seeds, and the standard deviation over them where there are several."""
    return [finite(mean(values)), finite(deviation(values))]


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
        "parameters": finite(get_nested(facts, "parameters")),
        "fit": finite(get_nested(facts, "times", "fit_s")),
        "upscale": finite(get_nested(facts, "times", "upscale_s")),
        "memory": finite(get_nested(facts, "memory", "peak_bytes")),
        "resumed": finite(get_nested(facts, "resumed")),
        "warnings": [words(text) for text in get_nested(facts, "warnings", default=())],
    }
