"""Placement of names beside points, without overlap with each other, points or lines."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from reports.figures.drawing.style import FAINT, SMALL

# Right, left, above, below, then the corners.
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (0.7, 0.7), (0.7, -0.7), (-0.7, 0.7), (-0.7, -0.7))


def place_names(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    path: Sequence[tuple[float, float]],
) -> None:
    """Write a name at every point, at the nearest free place, else at the least occupied one.

    Args:
        axes: in their final layout.
        points: in data coordinates.
        names: of the points.
        path: corners of the Pareto front, in data coordinates.
    """
    dot = axes.figure.dpi / 72  # pixels a point
    taken = [
        Bbox.from_extents(x, y, x, y).padded(4 * dot) for x, y in axes.transData.transform(points)
    ]
    for (x, y), (right, up) in pairwise(axes.transData.transform(path)):
        taken += [Bbox.from_extents(x, y, right, y), Bbox.from_extents(right, y, right, up)]
    frame = axes.get_window_extent()
    for point, name in zip(points, names, strict=True):
        x, y = axes.transData.transform(point)
        text = axes.text(*point, name, size=SMALL)
        boxes = list(_candidates(x, y, text.get_window_extent(), dot))
        text.remove()
        best = int(np.argmin([_occupied(box, taken, frame) for box in boxes]))
        taken.append(boxes[best])
        left, bottom, right, top = boxes[best].extents
        line = {"arrowstyle": "-", "color": FAINT, "lw": 0.5, "shrinkA": 0, "shrinkB": 3}
        axes.annotate(
            name,
            point,
            (((left + right) / 2 - x) / dot, ((bottom + top) / 2 - y) / dot),
            textcoords="offset points",
            size=SMALL,
            ha="center",
            va="center",
            arrowprops=line if best >= 2 * len(_DIRECTIONS) else None,
        )


def _candidates(x: float, y: float, size: Bbox, dot: float) -> Iterator[Bbox]:
    """Yield candidate boxes of a name around a point, in pixels, the nearest first."""
    for reach in np.linspace(6 * dot, 6 * dot + 6 * size.height, 12):
        for right, up in _DIRECTIONS:
            left = x + right * (reach + size.width / 2) - size.width / 2
            bottom = y + up * (reach + size.height / 2) - size.height / 2
            yield Bbox.from_bounds(left, bottom, size.width, size.height)


def _occupied(box: Bbox, taken: Sequence[Bbox], frame: Bbox) -> int:
    """Count the overlaps of a box; a corner outside the frame counts ten."""
    outside = sum(not frame.contains(*corner) for corner in (box.min, box.max))
    return box.count_overlaps(taken) + 10 * outside
