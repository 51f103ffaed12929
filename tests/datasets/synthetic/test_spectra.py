"""Reflectances are plausible, lights are the published ones."""

import numpy as np
import pytest

from datasets._synthetic.spectra import (
    FAMILIES,
    TUNGSTEN,
    band_centres,
    daylight,
    illuminant,
    planck,
    reflectance,
)


@pytest.mark.parametrize("family", FAMILIES)
def test_reflectances_are_bounded_and_smooth(family: str) -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        spectrum = reflectance(rng, band_centres(31), family)
        assert 0.01 <= spectrum.min() <= spectrum.max() <= 0.95
        assert np.abs(np.diff(spectrum, 2)).max() < 0.12


def test_unknown_family() -> None:
    with pytest.raises(ValueError, match="plaid"):
        reflectance(np.random.default_rng(0), band_centres(5), "plaid")


def test_lights_are_the_published_ones() -> None:
    nm = band_centres(31)
    d65 = daylight(nm, 6504.0)
    assert d65[[0, 16, 30]] / d65[16] * 100 == pytest.approx([82.75, 100.0, 71.61], abs=0.1)
    lamp = planck(nm, TUNGSTEN)
    assert lamp[[0, 16, 30]] / lamp[16] * 100 == pytest.approx([14.71, 100.0, 198.26], rel=5e-3)
    cool = daylight(nm, 9000.0)
    assert cool[0] > d65[0]
    assert illuminant(np.random.default_rng(0), nm).mean() == pytest.approx(1.0)
