"""Spectra are those of the pixels, with the angles that numpy computes."""

import math

import numpy as np
import pytest

from benchmark.tools.images.model import BandAxis, View
from reports.figures.drawing.context import FigureContext
from reports.figures.plots.spectra import false_colour, spectra_figure, spectral_angle
from tests.reports.figures.drawn import curves, images, texts

PIXELS = [(5, 7), (30, 40), (12, 20)]


def test_each_pixel_has_its_spectra_and_their_differences(
    view: View, context: FigureContext
) -> None:
    figure = spectra_figure(view, PIXELS, context)
    pairs = [curves(axes) for axes in figure.axes if len(curves(axes)) == 4]
    upper = [drawn for drawn in pairs if len(drawn[0]) == 4 and max(drawn[0]) > 2]
    assert len(images(figure)) == 1
    known = [drawn for drawn in pairs if len(drawn[1]) == 4]
    assert len(known) == 2 * len(PIXELS)
    assert len(upper) == len(PIXELS)
    for drawn, below, (row, column) in zip(known[::2], known[1::2], PIXELS, strict=True):
        truth = view.truth[:, row, column].astype(float)
        wanted = [one[:, row, column].astype(float) for one in view.estimates.values()]
        assert np.array_equal(drawn, [truth, *wanted])
        assert np.array_equal(below[1:], [one - truth for one in wanted])


def test_differences_have_one_scale(view: View, context: FigureContext) -> None:
    view.estimates["srcnn"][:, 30, 40] = 255
    figure = spectra_figure(view, PIXELS, context)
    limits = {axes.get_ylim() for axes in figure.axes if axes.get_ylim()[0] < -1}
    largest = np.abs(255 - view.truth[:, 30, 40].astype(float)).max()
    assert limits == {(-1.3 * largest, 1.3 * largest)}


def test_the_angles_are_in_the_legend(view: View, context: FigureContext) -> None:
    shown = texts(spectra_figure(view, PIXELS, context))
    for estimate in view.estimates.values():
        for row, column in PIXELS:
            x, y = estimate[:, row, column].astype(float), view.truth[:, row, column].astype(float)
            angle = np.degrees(np.arccos(x @ y / np.sqrt(x @ x * (y @ y))))
            assert (f"{angle:.1f}°" if angle < 9.95 else f"{angle:.0f}°") in shown


def test_an_angle_is_right_or_unknown() -> None:
    x, y = np.array([3, 0, 0], np.uint8), np.array([200, 200, 0], np.uint8)
    assert spectral_angle(x, y) == pytest.approx(45)
    assert spectral_angle(y, y) == 0
    assert math.isnan(spectral_angle(np.zeros(3, np.uint8), y))


def test_false_colour_is_bright_and_in_the_order_of_light() -> None:
    cube = np.zeros((3, 4, 4), np.uint8)
    cube[0], cube[2] = 10, 100
    picture = false_colour(cube, BandAxis((450.0, 550.0, 650.0), 3))
    assert picture.shape == (4, 4, 3)
    assert picture[0, 0] == pytest.approx([1, 0, 0.1 ** (1 / 2.2)])
