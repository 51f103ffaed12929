"""What the page knows of cells: their scores, where each number comes from, what is missing.

Everything here is plain JSON. Methods, scales and scenes are identified by their indices in lists,
never by names, which may be anything.
"""

import math
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import PurePath
from typing import Any

from benchmark.errors import plain
from benchmark.store.cells import Cell
from reports.analysis.cells import Tally, fact, mean, tally
from reports.analysis.metrics import MAIN, OTHER, Metric
from reports.analysis.provenance import head_of, published_and_why, title_of
from reports.analysis.results import LARGEST, Notes, Place, Result, results_of
from reports.formatting import DASH, duration, number, signed, significant
from reports.published.reader import Row

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
        tallies = [tally(cell) for cell in group]
        scenes = list(dict.fromkeys(chain.from_iterable(map(_scenes, tallies))))
        described.sections.append(_section(tallies, numbers, scenes))
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
    tallies: Sequence[Tally],
    numbers: Mapping[int, int],
    scenes: Sequence[str],
) -> dict[str, Any]:
    cells = [one.cell for one in tallies]
    address = cells[0].address
    scales = sorted({cell.address.scale for cell in cells})
    rows, why = published_and_why(cells)
    notes = Notes()
    results = results_of(tallies, scales, (), notes)
    present = {metric for one in tallies for metric in one.summaries}
    metrics = [metric for metric in (*MAIN, *OTHER) if metric.name in present] or list(MAIN)
    digits = {metric.name: metric.digits for metric in (*MAIN, *OTHER)}
    return {
        "dataset": words(address.dataset),
        "protocol": words(address.protocol),
        "profile": words(address.profile),
        "title": words(title_of(cells)),
        "head": [[what, words(text)] for what, text in head_of(cells, why)],
        "notes": [words(text) for text in notes.texts],
        "scales": scales,
        "scenes": [words(name) for name in scenes],
        "metrics": [metric_facts(metric) for metric in metrics],
        "methods": [_method(one, scenes, metrics, numbers, rows) for one in results],
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


def _scenes(one: Tally) -> Iterator[str]:
    """Name the test scenes of a cell, those without a score last."""
    yield from chain.from_iterable(one.scenes.values())
    yield from map(str, fact(one.cell.facts, "configuration", "dataset", "test", default=()))


def _method(
    result: Result,
    scenes: Sequence[str],
    metrics: Sequence[Metric],
    numbers: Mapping[int, int],
    rows: Sequence[Row],
) -> dict[str, Any]:
    paper = next(
        (
            fact(one.cell.facts, "configuration", "method", "paper")
            for place in result.at.values()
            for one in place.tallies
        ),
        "",
    )
    places = []
    for scale, place in result.at.items():
        published = {
            row.metric: row for row in rows if (row.method, row.scale) == (result.published, scale)
        }
        scores = {metric.name: place.by_scene(metric.name) for metric in metrics}
        places.append(
            {
                **_state(place),
                "cells": [numbers[id(one.cell)] for one in place.tallies],
                "notes": list(place.notes),
                "means": {metric.name: _mean(place, metric) for metric in metrics},
                "published": {
                    metric.name: _compared(published[metric.name], place, metric)
                    for metric in metrics
                    if metric.name in published
                },
                "scores": {
                    metric: [finite(values.get(scene)) for scene in scenes]
                    for metric, values in scores.items()
                },
            }
        )
    return {
        "label": words(result.label),
        "title": words(result.title),
        "published": words(result.published),
        "paper": words(paper or ""),
        "places": places,
    }


def _state(place: Place) -> dict[str, str]:
    """Return whether there is a number, and if not why."""
    if not place.tallies:
        return {"state": "missing", "why": "not run: no cell is stored"}
    if place.failed:
        reason = fact(place.tallies[0].cell.facts, "reason", default="no reason is stored")
        return {"state": "failed", "why": words(reason)}
    trouble = next((one.trouble for one in place.tallies if one.trouble), "")
    if trouble and not place.values("psnr"):
        return {"state": "unreadable", "why": words(trouble)}
    return {"state": "done", "why": ""}


def _mean(place: Place, metric: Metric) -> dict[str, Any]:
    """Describe the mean over seeds, and the standard deviations over seeds and over scenes."""
    values = place.values(metric.name)
    average = mean(values)
    return {
        "value": finite(average),
        "text": DASH if math.isnan(average) else number(average, metric.digits),
        "over_seeds": _deviation(values, metric.digits),
        "over_scenes": _deviation(list(place.by_scene(metric.name).values()), metric.digits),
    }


def _deviation(values: Sequence[float], digits: int) -> str:
    """Write the sample's standard deviation; empty where there are not two finite values."""
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return ""
    return number(statistics.stdev(values), digits)


def _compared(row: Row, place: Place, metric: Metric) -> dict[str, Any]:
    """Describe a published value, and the difference of the measured one from it."""
    found = {
        "value": row.value,
        "text": number(row.value, metric.digits),
        "method": words(row.method),
        "source": words(f"{row.paper}, {row.source}"),
        "difference": "",
        "better": None,
    }
    measured = mean(place.values(metric.name))
    if math.isfinite(measured):
        # The printed value is subtracted, so that a reader who checks it gets the same.
        difference = round(round(measured, metric.digits) - row.value, metric.digits)
        found["difference"] = signed(difference, metric.digits)
        found["better"] = (difference > 0) == metric.higher if difference else None
    return found


def _cell(cell: Cell) -> dict[str, Any]:
    facts, address = cell.facts, cell.address
    environment = fact(facts, "environment", default={})
    versions = {name: environment[name] for name in _ENVIRONMENT if environment.get(name)}
    return {
        "path": address.folder(PurePath("results")).as_posix(),  # type: ignore[arg-type]
        "method": words(address.method),
        "scale": address.scale,
        "seed": address.seed,
        "status": words(cell.status),
        "reason": words(fact(facts, "reason", default="")),
        "key": words(fact(facts, "key", default="")),
        "commit": words(environment.get("commit") or ""),
        "dirty": environment.get("dirty"),
        "device": words(environment.get("device") or ""),
        "date": words(fact(facts, "date", default="")),
        "command": words(environment.get("command") or ""),
        "versions": {name: words(value) for name, value in versions.items()},
        "parameters": _sortable(fact(facts, "parameters"), _grouped),
        "fit": _sortable(fact(facts, "times", "fit_s") or None, duration),
        "upscale": _sortable(fact(facts, "times", "upscale_s"), _seconds),
        "memory": _sortable(fact(facts, "memory", "peak_bytes"), _mebibytes),
        "resumed": finite(fact(facts, "resumed")),
        "warnings": [words(text) for text in fact(facts, "warnings", default=())],
    }


def _sortable(value: object, write: Callable[[float], str]) -> dict[str, Any]:
    """Describe a number by its value, for sorting, and its text."""
    known = finite(value)
    if not isinstance(known, int | float) or abs(known) >= LARGEST:
        return {"value": None, "text": DASH}
    return {"value": known, "text": write(known)}


def _grouped(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _seconds(value: float) -> str:
    return significant(value) if value >= 0.001 else "< 0.001"


def _mebibytes(value: float) -> str:
    return f"{value / 2**20:.0f} MiB"
