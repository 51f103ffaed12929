"""Queries of tests on drawn figures."""

from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox


def texts(figure: Figure) -> list[str]:
    """Return every text that is not empty, those of axes included, each on one line."""
    found = [" ".join(shown.get_text().split()) for shown in figure.findobj(Text)]
    return [text for text in found if text]


def images(figure: Figure) -> list[Axes]:
    """Return the axes that hold an image."""
    return [axes for axes in figure.axes if axes.get_images()]


def values(line: Line2D) -> np.ndarray:
    """Return the points of a line as (n, 2) numbers."""
    return np.asarray(line.get_xydata(), float)


def curves(axes: Axes) -> list[list[float]]:
    """Return the values of every line of axes that is no mere markers."""
    lines = [line for line in axes.get_lines() if line.get_linestyle() != "None"]
    return [values(line)[:, 1].tolist() for line in lines]


class _RecordingRenderer(RendererAgg):
    """A renderer that records where visible texts are drawn."""

    def __init__(self, figure: Figure) -> None:
        super().__init__(figure.bbox.width, figure.bbox.height, figure.dpi)  # type: ignore[no-untyped-call]
        self.drawn: list[tuple[str, Bbox]] = []

    def draw_text(self, *args: Any, **how: Any) -> None:
        super().draw_text(*args, **how)  # type: ignore[no-untyped-call]
        text = how.get("mtext")
        if text is not None and args[3].strip():
            self.drawn.append((args[3], Text.get_window_extent(text, self)))


def collisions(figure: Figure) -> list[tuple[str, str]]:
    """List texts of a figure that overlap or leave it."""
    figure.set_dpi(200)  # as in a PNG
    renderer = _RecordingRenderer(figure)
    figure.draw(renderer)
    # Two texts alike in one place are the outline of a text and the text.
    boxes = renderer.drawn
    found = [
        (one, other)
        for (one, box), (other, second) in combinations(boxes, 2)
        if min(box.x1, second.x1) - max(box.x0, second.x0) > 1
        and min(box.y1, second.y1) - max(box.y0, second.y0) > 1
        and not (one == other and np.allclose(box.extents, second.extents))
    ]
    wide, high = figure.bbox.width, figure.bbox.height
    outside = [
        (shown, "the edge")
        for shown, box in boxes
        if box.x0 < -0.5 or box.y0 < -0.5 or box.x1 > wide + 0.5 or box.y1 > high + 0.5
    ]
    assert len(boxes) > 5
    return found + outside
