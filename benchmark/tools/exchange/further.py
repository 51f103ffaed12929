"""Metrics that were added to one of two equal cells alone: scores are compared and joined."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from benchmark.execution.computation.evaluation import csv_of
from benchmark.store.cells import Cell

Columns = Mapping[str, tuple[str, ...]]


def columns_of(cell: Cell) -> Columns:
    """Return the columns of a cell's scores as text, by name; none if it is no table."""
    try:
        text = (cell.folder / "scores.csv").read_text(encoding="utf-8-sig")
        names, *rows = csv.reader(io.StringIO(text))
        return dict(zip(names, zip(*rows, strict=True), strict=True))
    except (OSError, ValueError, csv.Error):
        return {}


def same_scores(first: Cell, second: Cell) -> bool:
    """Return whether two cells have the same scores of the same scenes where both have them."""
    one, other = columns_of(first), columns_of(second)
    both = one.keys() & other.keys()
    return len(both) > 1 and all(one[name] == other[name] for name in {*both, "scene"})


def has_further(old: Cell, new: Cell) -> bool:
    """Return whether a cell, whose scores are the same, has metrics that the stored one lacks."""
    more = columns_of(new).keys() - columns_of(old).keys()
    return old.status == "done" and bool(more) and bool(_metrics(new))


def _metrics(cell: Cell) -> dict[str, Any]:
    """Return the entry `metrics` of a cell, by name, without what another program wrote there."""
    stored = cell.facts.get("metrics")
    facts = [one for one in stored if isinstance(one, dict)] if isinstance(stored, list) else []
    return {one["name"]: one for one in facts if isinstance(one.get("name"), str)}


def joined(old: Cell, new: Cell) -> tuple[list[Any], bytes]:
    """Join the metrics of two cells with the same scores.

    Returns:
        The entry `metrics` of `cell.json`, and `scores.csv`: the scene, the metrics, what else.
    """
    one, other = columns_of(old), columns_of(new)
    if one.keys() <= other.keys():
        return list(_metrics(new).values()), (new.folder / "scores.csv").read_bytes()
    facts = _metrics(new) | _metrics(old)
    columns = {**other, **one}
    names = dict.fromkeys(["scene", *(name for name in facts if name in columns), *columns])
    rows = zip(*(columns[name] for name in names), strict=True)
    return list(facts.values()), csv_of([dict(zip(names, row, strict=True)) for row in rows])
