"""A cell together with its averages, read once for every table it is in."""

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from benchmark.store.cells import Cell


@dataclass(frozen=True)
class Summary:
    """One metric of one cell over its test scenes; `std` is None where there is one scene.

    Attributes:
        mean: over the scenes that have a value; NaN where none has.
        std: the sample's standard deviation (ddof = 1).
        n: how many scenes have a value.
        scenes: how many were scored.
    """

    mean: float
    std: float | None
    n: int
    scenes: int


def by_scene(scores: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Give every metric's values by scene, without the scenes that have none.

    Args:
        scores: one row a test scene, as a cell stores them.

    Raises:
        KeyError: the scenes are not named.
    """
    scenes = scores["scene"].astype(str)
    values = {}
    for metric in scores.columns.drop("scene"):
        known = pd.to_numeric(scores[metric], errors="coerce")
        values[str(metric)] = {
            scene: float(value)
            for scene, value in zip(scenes, known, strict=True)
            if not math.isnan(value)
        }
    return values


def summarise(values: Iterable[float], scenes: int) -> Summary:
    """Average one metric of one cell over its test scenes.

    Args:
        values: one a scene that has one.
        scenes: how many were scored.
    """
    known = list(values)
    # A perfect scene's PSNR is infinite: the mean is too, and there is no deviation.
    spread = len(known) > 1 and all(map(math.isfinite, known))
    return Summary(
        mean=mean(known),
        std=statistics.stdev(known) if spread else None,
        n=len(known),
        scenes=scenes,
    )


def mean(values: Iterable[float]) -> float:
    """Average; NaN for nothing, and infinite where one value is."""
    known = list(values)
    return sum(known) / len(known) if known else math.nan


def fact(facts: Mapping[str, Any], *path: str, default: Any = None) -> Any:
    """Follow keys into a cell's facts; the default where one is not there or is null."""
    found: Any = facts
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return default if found is None else found


def several(value: Any) -> list[Any]:
    """Give a stored list; what is none, as another program may have written, is one of its own."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


@dataclass(frozen=True)
class Tally:
    """One cell and its averages over the test scenes.

    Attributes:
        cell: as stored.
        summaries: metric to average; empty for a cell without scores.
        scenes: metric to scene to value, of the scenes that have one.
        trouble: why a finished cell has none; empty where all is well.
    """

    cell: Cell
    summaries: Mapping[str, Summary] = field(default_factory=dict)
    scenes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    trouble: str = ""


def tally(cell: Cell) -> Tally:
    """Read a cell's scores; one that cannot be read costs its own place, not the table."""
    if cell.status != "done":
        return Tally(cell)
    try:
        scores = cell.scores()
        scenes = by_scene(scores)
    except (OSError, ValueError, KeyError) as error:
        reason = f"its scores cannot be read ({type(error).__name__}); run it again"
        return Tally(cell, trouble=reason)
    averages = {
        metric: summarise(values.values(), len(scores)) for metric, values in scenes.items()
    }
    return Tally(cell, averages, scenes)
