"""What the tables of results have of one stored cell; other programs may have written it."""

import math
from dataclasses import asdict, astuple
from typing import Any

from benchmark.store.address import method_title
from benchmark.store.cells import Cell
from reports.analysis.facts import as_list, as_number, get_nested
from reports.analysis.provenance.machines import machine_of


def depends_on_seed(cell: Cell) -> bool:
    """Return whether the numbers of a cell depend on its seed.

    Cells before version 0.7 say so of networks alone; of other methods only those that depend on
    it have other seeds than 0.
    """
    return (
        get_nested(cell.facts, "configuration", "recipe") is not None
        or get_nested(cell.facts, "configuration", "method", "stochastic") is True
        or cell.address.seed > 0
    )


def scores_of(cell: Cell) -> list[tuple[Any, ...]]:
    """Read a cell's scores as rows of address, scene, metric and value.

    Raises:
        OSError, ValueError, KeyError: they are not one row per scene, each with its name.
    """
    columns = cell.scores().to_dict("list")
    scenes = list(map(str, columns.pop("scene")))
    if not scenes or len(set(scenes)) < len(scenes):
        raise ValueError("expected one row a scene")
    address = astuple(cell.address)
    return [
        (*address, scene, metric, value)
        for metric, values in columns.items()
        for scene, value in zip(scenes, values, strict=True)
    ]


def record_of(cell: Cell) -> dict[str, Any]:
    """Return what a table of cells has of one, as in `Results.cells`."""
    facts = cell.facts
    method = get_nested(facts, "configuration", "method", default={})
    return {
        **asdict(cell.address),
        "status": cell.status,
        "reason": str(get_nested(facts, "reason", default="no reason is stored")),
        "error": "",
        "title": method_title(cell.address.method, facts),
        "published": str(get_nested(method, "published", default="")),
        "paper": str(get_nested(method, "paper", default="")),
        "year": str(get_nested(method, "year", default="")),
        "learns": bool(get_nested(method, "trained", default=True)),
        "trained": get_nested(facts, "configuration", "recipe") is not None,
        "seeded": depends_on_seed(cell),
        "warnings": [str(line) for line in as_list(get_nested(facts, "warnings"))],
        "parameters": _number(get_nested(facts, "parameters")),
        "fit_s": fit_seconds(cell),
        "upscale_s": _number(get_nested(facts, "times", "upscale_s")),
        "machine": machine_of(cell),
        "cell": cell,
    }


def fit_seconds(cell: Cell) -> float:
    """Return the training time of a cell in s; NaN where nothing was learned, or it is unknown.

    Of a method that learns nothing, the seconds around nothing are stored.
    """
    learns = get_nested(cell.facts, "configuration", "method", "trained", default=True)
    seconds = _number(get_nested(cell.facts, "times", "fit_s"))
    return seconds if learns and seconds > 0 else math.nan


def _number(value: object) -> float:
    known = as_number(value)
    return math.nan if known is None else known
