"""No text of a figure overlaps another or leaves the figure, whatever the number of methods."""

from collections.abc import Callable

import pytest
from matplotlib.figure import Figure

from reports.analysis.metrics import Metric
from reports.figures.plots.band import band_figure
from reports.figures.plots.cost import Cost, cost_figure
from reports.figures.plots.per_band import BandScores, per_band_figure
from reports.figures.plots.spectra import spectra_figure
from reports.figures.plots.training import training_figure
from tests.reports.figures.conftest import context_for, many, view_of
from tests.reports.figures.drawn import collisions
from tests.reports.figures.plots.test_per_band import NM, values_of
from tests.reports.figures.plots.test_training import rows


def band(titles: dict[str, str]) -> Figure:
    figure = band_figure(view_of(list(titles)), 550, context_for(titles))
    assert len([axes for axes in figure.axes if axes.get_images()]) == 2 + 2 * len(titles)
    return figure


def cost(titles: dict[str, str]) -> Figure:
    costs = {
        label: Cost(34 + index % 3 * 0.05, 0.1 * (1 + index % 4 * 0.1), 1000 + index, "CPU")
        for index, label in enumerate(titles)
    }
    return cost_figure(
        costs, Metric("psnr", "PSNR", 2, higher=True), context_for(titles), {"x": "failed"}
    )


def per_band(titles: dict[str, str]) -> Figure:
    scores = BandScores(NM, values_of(list(titles)), ["a", "b"], 2)
    figure = per_band_figure(scores, context_for(titles))
    assert len(figure.axes) == 1 + len(titles)
    return figure


def spectra(titles: dict[str, str]) -> Figure:
    count = 1 if len(titles) > 5 else 5
    pixels = [(2 + 4 * index, 5 + 6 * index) for index in range(count)]
    return spectra_figure(view_of(list(titles)), pixels, context_for(titles))


def training(titles: dict[str, str]) -> Figure:
    curves = {label: rows(1 + index) for index, label in enumerate(titles)}
    return training_figure(curves, context_for(titles), {"x": "failed: " + "why " * 60})


@pytest.mark.parametrize(
    ("draw", "number"),
    [
        *((band, number) for number in (1, 4, 7)),
        *((cost, number) for number in (1, 12)),
        *((per_band, number) for number in (1, 7, 13)),
        *((spectra, number) for number in (3, 12)),
        *((training, number) for number in (1, 5)),
    ],
)
def test_nothing_collides(draw: Callable[[dict[str, str]], Figure], number: int) -> None:
    assert collisions(draw(many(number))) == []
