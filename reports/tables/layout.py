"""How many columns of numbers stand side by side, so that a table fits a page."""

from collections.abc import Sequence
from math import ceil

from reports.analysis.metrics import Metric, joined_titles

WIDEST = 6  # columns of one number each, with its deviation, that fit a page in LaTeX


def packed(metrics: Sequence[Metric], each: int, most: int = WIDEST) -> list[tuple[Metric, ...]]:
    """Distribute metrics over grids, evenly and in order.

    Args:
        metrics: what the grids show.
        each: columns of one metric, such as the number of scales.
        most: columns of a grid; a metric with more of them has a grid of its own.
    """
    grids = ceil(len(metrics) / max(1, most // max(1, each)))
    size, larger = divmod(len(metrics), grids) if grids else (0, 0)
    found, start = [], 0
    for index in range(grids):
        end = start + size + (index < larger)
        found.append(tuple(metrics[start:end]))
        start = end
    return found


def fitted(metrics: Sequence[Metric], widths: Sequence[int], most: int) -> list[list[Metric]]:
    """Distribute metrics over grids in order, by the widths of their columns.

    Args:
        metrics: what the grids show, a column each.
        widths: characters of each metric's column.
        most: characters of a grid; a wider metric has a grid of its own.
    """
    found: list[list[Metric]] = []
    taken = 0
    for metric, width in zip(metrics, widths, strict=True):
        if not found or taken + width > most:
            found.append([])
            taken = 0
        found[-1].append(metric)
        taken += width
    return found


def titled(text: str, metrics: Sequence[Metric], grids: int) -> str:
    """Name a grid; where several share a title, each adds its metrics."""
    return text if grids == 1 else f"{text}: {joined_titles(metrics)}"
