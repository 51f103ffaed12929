"""A cell together with its averages, read once for every table it is in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmark.store.cells import Cell
from reports.summary import Summary, by_scene, summarise


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
