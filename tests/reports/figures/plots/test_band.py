"""The paper's figure: panels, one scale for all differences, and counted pixels."""

from dataclasses import replace

import numpy as np
import pytest

from benchmark.tools.images.model import View
from reports.figures.drawing.context import FigureContext
from reports.figures.plots.band import band_figure
from reports.figures.plots.counts import band_errors
from tests.reports.figures.drawn import curves, images, texts

BAND = 2  # nearest to 550 nm


@pytest.fixture
def panels(view: View, context: FigureContext) -> dict[str, list[np.ndarray]]:
    figure = band_figure(view, 550, context)
    by_map: dict[str, list[np.ndarray]] = {"gray": [], "viridis": []}
    for axes in images(figure):
        (image,) = axes.get_images()
        by_map[image.get_cmap().name].append(np.asarray(image.get_array()))
    return by_map


def test_there_are_truth_low_and_two_panels_a_method(
    panels: dict[str, list[np.ndarray]], view: View
) -> None:
    greys = [view.truth, view.low, *view.estimates.values()]
    assert len(panels["gray"]) == len(greys) == 5
    for panel, cube in zip(panels["gray"], greys, strict=True):
        assert np.array_equal(panel, cube[BAND])
    wanted = view.truth[BAND].astype(int)
    for panel, cube in zip(panels["viridis"], view.estimates.values(), strict=True):
        assert np.array_equal(panel, np.abs(cube[BAND].astype(int) - wanted))


def test_all_differences_and_all_images_share_one_scale(view: View, context: FigureContext) -> None:
    figure = band_figure(view, 550, context)
    shown = [image for axes in images(figure) for image in axes.get_images()]
    for name, number in (("gray", 5), ("viridis", 3)):
        norms = [image.norm for image in shown if image.get_cmap().name == name]
        assert len(norms) == number
        assert all(norm is norms[0] for norm in norms)
    pooled = np.stack([one.error for one in band_errors(view, BAND).values()])
    (norm,) = {image.norm for image in shown if image.get_cmap().name == "viridis"}
    assert (norm.vmin, norm.vmax) == (0, np.ceil(np.percentile(pooled, 99)))
    above = 100 * (pooled > norm.vmax).mean()
    told = " ".join(texts(figure))
    assert f"It ends at {norm.vmax:.0f}; {above:.1f} % of the pixels are above." in told


def test_the_counts_are_numpys(view: View, context: FigureContext) -> None:
    figure = band_figure(view, 550, context)
    shown = texts(figure)
    truth = view.truth.astype(float)
    for estimate in view.estimates.values():
        error = np.abs(estimate - truth)
        assert f"{100 * (error[BAND] < 1).mean():.0f} % below 1 grey level" in " ".join(shown)
        band, cube = (10 * np.log10(255**2 / (x**2).mean()) for x in (error[BAND], error))
        assert f"band {band:.1f}, cube {cube:.1f} dB" in " ".join(shown)


def test_the_curves_are_the_share_of_pixels_up_to_each_level(
    view: View, context: FigureContext
) -> None:
    figure = band_figure(view, 550, context)
    (axes,) = [one for one in figure.axes if len(curves(one)) == 3]
    for drawn, estimate in zip(curves(axes), view.estimates.values(), strict=True):
        error = np.abs(estimate[BAND].astype(int) - view.truth[BAND].astype(int))
        wanted = [100 * (error <= level).mean() for level in range(len(drawn))]
        assert drawn == pytest.approx(wanted)


def test_the_heading_names_data_scene_band_and_protocol(view: View, context: FigureContext) -> None:
    left_out = {"espcn": "failed: NaN in the loss"}
    shown = texts(band_figure(replace(view, left_out=left_out), 550, context))
    assert "CAVE, \N{MULTIPLICATION SIGN}3, ramp, 552 nm" in shown
    assert "protocol wang2017, profile quick, seed 0" in shown
    assert "Not shown: espcn (failed: NaN in the loss)." in " ".join(shown)
    assert "12 \N{MULTIPLICATION SIGN} 16 pixels, enlarged" in " ".join(shown)


def test_a_perfect_estimate_is_drawn(view: View, context: FigureContext) -> None:
    perfect = replace(view, estimates={**view.estimates, "srcnn": view.truth})
    shown = texts(band_figure(perfect, 550, context))
    assert "100 % below 1 grey level" in " ".join(shown)
    assert "band ∞, cube ∞ dB" in " ".join(shown)
