"""Helpers for images: nearest band, false colours, the axis of bands, PSNR."""

import math

import pytest

from benchmark.data.formats.wavelengths import false_colour_bands, nearest_band
from benchmark.tools.images.model import BandAxis, psnr


def test_the_nearest_band_is_found() -> None:
    assert nearest_band((400.0, 540.0, 560.0, 700.0), 551) == 2
    assert nearest_band((400.0, 540.0, 560.0, 700.0), 550) == 1
    assert nearest_band((400.0,), 9000) == 0


@pytest.mark.parametrize(
    ("wavelengths", "bands"),
    [
        ([400.0 + 10 * band for band in range(31)], [22, 15, 6]),
        ([420.0 + 10 * band for band in range(31)], [20, 13, 4]),
        ([450.0, 500.0, 550.0, 600.0, 650.0], [3, 2, 0]),
        ([1000.0, 1500.0, 2000.0], [1, 1, 0]),
        ([550.0], [0, 0, 0]),
    ],
)
def test_the_bands_of_false_colours(wavelengths: list[float], bands: list[int]) -> None:
    assert list(false_colour_bands(wavelengths)) == bands


def test_bands_are_shown_at_their_wavelengths() -> None:
    axis = BandAxis((450.0, 500.0, 552.5), 3)
    assert axis.title == "wavelength (nm)"
    assert axis.positions.tolist() == [450, 500, 552.5]
    assert [axis.name(axis.nearest(nm)) for nm in (0, 550)] == ["450 nm", "552.5 nm"]
    assert axis.false_colour() == false_colour_bands((450.0, 500.0, 552.5))


@pytest.mark.parametrize("bands", [2, 5, 31, 800])
def test_bands_of_unknown_wavelengths_are_shown_by_number(bands: int) -> None:
    axis = BandAxis((), bands)
    assert axis.title == "band number"
    assert axis.positions.tolist() == list(range(1, bands + 1))
    assert axis.name(0) == "band 1"
    assert axis.nearest(550) == bands // 2
    red, green, blue = axis.false_colour()
    assert bands > red >= green >= blue >= 0
    assert red > blue


def test_the_psnr_is_that_of_eight_bit_images() -> None:
    assert psnr(6.25) == pytest.approx(10 * math.log10(255**2 / 6.25))
    assert psnr(255**2) == 0
    assert psnr(0) == math.inf
