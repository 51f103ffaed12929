"""Gaussian blur and decimation of an axis against scipy."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d

from benchmark.degradation.operators.gaussian import GaussianDecimation, kernel

SIZES = [1, 2, 3, 5, 7, 13, 31, 48, 85]


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize(("sigma", "truncate"), [(3.0, 4.0), (0.8, 4.0), (1.7, 2.5)])
def test_blur_and_decimation_equal_scipy(sigma: float, truncate: float, scale: int) -> None:
    for size in SIZES:
        low = -(-size // scale)
        made = GaussianDecimation(sigma, truncate).matrix(size, low, scale).numpy()
        expected = gaussian_filter1d(np.eye(size), sigma, axis=0, truncate=truncate)[::scale]
        assert made.shape == (low, size)
        np.testing.assert_allclose(made, expected, rtol=0, atol=1e-14)
        np.testing.assert_allclose(made.sum(axis=1), 1, rtol=0, atol=1e-14)


def test_the_kernel_of_wang2017_has_25_taps_that_add_up_to_one() -> None:
    taps = kernel(3, 12)
    assert taps.shape == (25,)
    assert float(taps.sum()) == pytest.approx(1, abs=1e-15)
    assert torch.equal(taps, taps.flip(0))
    assert taps[12 + 3] / taps[12] == pytest.approx(np.exp(-0.5))
    operator = GaussianDecimation(3, 4)
    row = operator.matrix(101, 51, 2)[25]
    assert int((row > 0).sum()) == 25
    assert torch.equal(row[38:63], taps)
