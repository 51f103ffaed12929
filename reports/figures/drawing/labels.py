"""Names beside points that cover neither each other nor a point nor a line."""

from collections.abc import Sequence
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
    """Write a name at every point, at the nearest place that is free, else the least occupied.

    Args:
        axes: in their final layout.
        points: in data coordinates.
        names: of the points.
        path: corners of the front, in data coordinates.
    """
    dot = axes.get_figure().dpi / 72  # pixels a point
    taken = [
        Bbox.from_extents(x, y, x, y).padded(4 * dot) for x, y in axes.transData.transform(points)
    ]
    for (x, y), (right, up) in pairwise(axes.transData.transform(path)):
        taken += [Bbox.from_extents(x, y, right, y), Bbox.from_extents(right, y, right, up)]
    frame = axes.get_window_extent()
    for point, name in zip(points, names, strict=True):
        text = axes.text(*point, name, size=SMALL)
        wide, high = text.get_window_extent().size
        text.remove()
        x, y = axes.transData.transform(point)
        shifts = [
            (right * (reach + wide / 2), up * (reach + high / 2))
            for reach in np.linspace(6 * dot, 6 * dot + 6 * high, 12)
            for right, up in _DIRECTIONS
        ]
        boxes = [
            Bbox.from_bounds(x + right - wide / 2, y + up - high / 2, wide, high)
            for right, up in shifts
        ]
        free = [
            box.count_overlaps(taken) + 10 * (not frame.fully_contains(*box.min))
            + 10 * (not frame.fully_contains(*box.max))
            for box in boxes
        ]  # fmt: skip
        best = int(np.argmin(free))
        taken.append(boxes[best])
        line = {"arrowstyle": "-", "color": FAINT, "lw": 0.5, "shrinkA": 0, "shrinkB": 3}
        axes.annotate(
            name, point, np.array(shifts[best]) / dot, textcoords="offset points", size=SMALL,
            ha="center", va="center", arrowprops=line if best >= 2 * len(_DIRECTIONS) else None,
        )  # fmt: skip
