"""Average ranks: sorted, counted, averaged."""

from dataclasses import replace

import numpy as np
from matplotlib.collections import PathCollection

from reports.figures.drawing.context import FigureContext
from reports.figures.plots.ranks import rank_figure
from tests.reports.figures.drawn import collisions, texts, values

RANKS = {
    "bicubic": [3.0, 3.0, 2.5, 3.0],
    "srcnn": [1.0, 2.0, 1.0, 1.0],
    "mine[x=1]": [2.0, 1.0, 2.5, 2.0],
}


def test_methods_are_sorted_by_their_mean_rank(context: FigureContext) -> None:
    figure = rank_figure(RANKS, replace(context, title="CAVE: ranks by PSNR"), "Four scenes.")
    (axes,) = figure.axes
    means = [values(line)[0, 0] for line in axes.get_lines()]
    assert means == [1.25, 1.875, 2.875]
    shown = texts(figure)
    assert [text for text in shown if text in ("1.25", "1.88", "2.88")] == ["1.25", "1.88", "2.88"]
    assert "CAVE: ranks by PSNR" in shown
    assert any(text.endswith("Four scenes.") for text in shown)
    assert collisions(figure) == []


def test_a_dots_area_is_its_frequency(context: FigureContext) -> None:
    (axes,) = rank_figure(RANKS, context, "").axes
    dots = {}
    for dot in axes.collections:
        assert isinstance(dot, PathCollection)
        rank, row = np.asarray(dot.get_offsets())[0]
        dots[float(rank), int(row)] = float(dot.get_sizes()[0])
    assert len(dots) == 7
    assert dots[1, 0] == 3 * dots[2, 0]
    assert dots[2, 1] == 2 * dots[2.5, 1]
