"""Spectral angles: known ones, and spectra without a direction."""

import numpy as np
import pytest
import torch

from tests.benchmark import oracles
from tests.benchmark.metrics.support import arrays, metric, pair, sam


@pytest.mark.parametrize("bands", [1, 2, 31])
def test_sam_equals_plain_numpy_with_black_pixels_too(bands: int) -> None:
    x, y = pair(bands)
    x[:, 0, 0] = 0.25
    y[:, 0, 0] = 0.5
    x[:, 1, 1] = y[:, 2, 2] = x[:, 3, 3] = y[:, 3, 3] = 0
    expected = oracles.angles(*arrays((x, y)))
    assert np.isnan(expected).sum() == 2
    assert (expected == 90).any()
    angle, skipped = sam(x, y)
    assert skipped == 2
    # Parallel spectra are 1e-6 degrees apart to numpy's arccos, where `sam` says 0.
    assert angle == pytest.approx(np.nanmean(expected), abs=1e-7)
    assert metric("sam", x, y) == metric("sam_float", x, y) == angle


def test_known_angles() -> None:
    x = torch.tensor([[1.0, 1.0], [0.0, 1.0]])[:, None]
    y = torch.tensor([[0.0, 1.0], [1.0, 0.0]])[:, None]
    assert sam(x, y) == pytest.approx(((90 + 45) / 2, 0))
    assert sam(-x, x) == pytest.approx((180, 0))  # an estimate that is not clipped


def test_pixels_whose_truth_is_zero_are_left_out_and_counted() -> None:
    x, y = pair(3, 4, 5)
    x, y = x + 1, y + 1
    before = oracles.angles(*arrays((x, y)))
    y[:, 1, 1] = 0
    x[:, 2, 2] = y[:, 2, 2] = 0
    kept = np.ones((4, 5), dtype=bool)
    kept[1, 1] = kept[2, 2] = False
    assert sam(x, y) == pytest.approx((before[kept].mean(), 2), abs=1e-9)


def test_a_black_estimate_of_a_pixel_that_is_not_black_is_a_right_angle() -> None:
    x, y = pair(3, 4, 5)
    x, y = x + 1, y + 1
    before = oracles.angles(*arrays((x, y))).ravel()
    x[:, 0, 0] = 0
    assert sam(x, y) == pytest.approx(((90 + before[1:].sum()) / 20, 0), abs=1e-9)
    x[:] = 0
    assert sam(x, y) == (90.0, 0)


def test_sam_is_never_nan() -> None:
    zeros, ones = torch.zeros(3, 2, 2), torch.ones(3, 2, 2)
    assert sam(zeros, zeros) == (0.0, 4)
    assert sam(zeros, ones) == (90.0, 0)
    assert sam(ones, zeros) == (90.0, 4)
    tiny = torch.full((3, 2, 2), 1e-45)  # the smallest float32
    assert sam(tiny, ones) == pytest.approx((0, 0), abs=1e-5)
    assert sam(torch.full((3, 2, 2), 1e-200, dtype=torch.float64), ones) == (90.0, 0)
