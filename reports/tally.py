"""A cell together with its averages, read once for every table it is in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmark.store import Cell
from reports.summary import Summary, summarise


@dataclass(frozen=True)
class Tally:
    """One cell and its averages over the test scenes.

    Attributes:
        cell: as stored.
        summaries: metric to average; empty for a cell without scores.
        trouble: why a finished cell has none; empty where all is well.
    """

    cell: Cell
    summaries: Mapping[str, Summary] = field(default_factory=dict)
    trouble: str = ""


def tally(cell: Cell) -> Tally:
    """Read a cell's scores; one that cannot be read costs its own place, not the table."""
    try:
        return Tally(cell, summarise(cell))
    except (OSError, ValueError, KeyError) as error:
        reason = f"its scores cannot be read ({type(error).__name__}); run it again"
        return Tally(cell, trouble=reason)
