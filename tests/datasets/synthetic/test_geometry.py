"""Leaves and texture follow the laws that they are drawn from."""

import numpy as np
import pytest

from datasets._synthetic.geometry import mean_area, power_noise, radii


def test_radii_follow_their_law() -> None:
    drawn = radii(np.random.default_rng(1), 20_000, 3.0, 30.0)
    assert 3.0 <= drawn.min() <= drawn.max() <= 30.0
    assert np.pi * (drawn**2).mean() == pytest.approx(mean_area(3.0, 30.0), rel=0.05)


def test_power_noise_is_normal_and_periodic() -> None:
    field = power_noise(np.random.default_rng(1), (33, 48), 1.5)
    assert field.shape == (33, 48)
    assert (field.mean(), field.std()) == pytest.approx((0.0, 1.0), abs=1e-9)
    assert np.abs(field[0] - field[-1]).mean() < 0.7 * np.abs(field[0] - field[16]).mean()
