"""Names beside points that cover neither each other nor a point."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.drawing.style import FAINT, SMALL
from reports.figures.drawing.text import height_of, width_of

_POINTS = 72  # in an inch
_DOT = 4.0  # points, half the side of the square that a marker keeps free
_NEAR = 6.0  # points from a marker to the nearest place for its name
_STEPS = 6
# Right, left, above, below, then the corners.
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))


@dataclass(frozen=True)
class Box:
    """A rectangle in points."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: "Box") -> float:
        """Give the area that both cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(0.0, wide) * max(0.0, high)

    @property
    def area(self) -> float:
        """Give the area."""
        return (self.right - self.left) * (self.top - self.bottom)


def arranged(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    frame: Box,
    lines: Sequence[Box] = (),
) -> list[Box]:
    """Find a place for every point's name: the nearest free one in a fixed order of directions.

    Args:
        points: in points.
        sizes: (width, height) of each name, in points.
        frame: names stay within.
        lines: thin boxes that names do not lie upon.

    Returns:
        Where each name goes; the least bad place where none is free.
    """
    dots = [Box(x - _DOT, y - _DOT, x + _DOT, y + _DOT) for x, y in points]
    placed: list[Box] = []
    for point, size in zip(points, sizes, strict=True):
        best, least = None, math.inf
        for box in _candidates(point, size):
            hidden = sum(box.overlap(other) for other in (*dots, *placed, *lines))
            hidden += box.area - box.overlap(frame)
            if hidden < least:
                best, least = box, hidden
            if hidden <= 0:
                break
        assert best is not None  # noqa: S101 - there are candidates for every point
        placed.append(best)
    return placed


def _candidates(point: tuple[float, float], size: tuple[float, float]) -> Iterator[Box]:
    (x, y), (wide, high) = point, size
    for step in range(_STEPS):
        for right, up in _DIRECTIONS:
            reach = (_NEAR + step * high) * (0.75 if right and up else 1)
            middle_x = x + right * (reach + wide / 2)
            middle_y = y + up * (reach + high / 2)
            left, bottom = middle_x - wide / 2, middle_y - high / 2
            yield Box(left, bottom, left + wide, bottom + high)


def write_names(
    figure: Figure,
    axes: Axes,
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    path: Sequence[tuple[float, float]] = (),
) -> None:
    """Write a name beside every point of axes whose limits are final.

    Args:
        figure: that the axes belong to.
        axes: where.
        points: in the axes' own coordinates.
        names: one a point; they can be drawn.
        path: corners of a line of upright and level pieces that the names keep off, likewise.
    """
    factor = _POINTS / figure.dpi
    at = [tuple(axes.transData.transform(point) * factor) for point in points]
    corners = [tuple(axes.transData.transform(point) * factor) for point in path]
    lines = [
        Box(min(x, u) - 0.5, min(y, v) - 0.5, max(x, u) + 0.5, max(y, v) + 0.5)
        for (x, y), (u, v) in pairwise(corners)
    ]
    sizes = [(width_of(name, SMALL) * _POINTS, height_of(1, SMALL) * _POINTS) for name in names]
    inside = axes.get_window_extent()
    frame = Box(*(edge * factor for edge in inside.extents))
    boxes = arranged([(x, y) for x, y in at], sizes, frame, lines)
    for (x, y), point, box, name in zip(at, points, boxes, names, strict=True):
        middle = (box.left + box.right) / 2 - x, (box.bottom + box.top) / 2 - y
        far = max(abs(middle[0]) - (box.right - box.left) / 2, abs(middle[1]) - 4) > 2 * _NEAR
        line = {"arrowstyle": "-", "color": FAINT, "lw": 0.5, "shrinkA": 0, "shrinkB": 3}
        axes.annotate(
            name, point, middle, textcoords="offset points", ha="center", va="center",
            fontsize=SMALL, arrowprops=line if far else None,
        )  # fmt: skip
