"""Differences and shares equal those that numpy computes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from reports.figures.images import (
    abs_error,
    common_range,
    psnr_of,
    psnr_per_band,
    share_above,
    share_below,
)
from tests.reports.figures.conftest import examples

_IMAGES = arrays(np.uint8, (3, 5, 4))


@examples
@given(_IMAGES, _IMAGES)
def test_differences_are_those_of_whole_numbers(one: np.ndarray, other: np.ndarray) -> None:
    wanted = np.abs(one.astype(int) - other.astype(int))
    assert np.array_equal(abs_error(one, other), wanted)
    assert share_below(abs_error(one, other)) == (wanted < 1).sum() / wanted.size
    assert share_below(abs_error(one, other), 7) == (wanted < 7).sum() / wanted.size


def test_the_psnr_is_that_of_the_protocol() -> None:
    error = np.array([[0, 3], [4, 0]], np.int16)
    assert psnr_of(error) == pytest.approx(10 * math.log10(255**2 / 6.25))
    assert psnr_of(np.zeros((2, 2), np.int16)) == math.inf
    assert psnr_of(np.full((300, 300), 255, np.int16)) == 0  # no overflow in 16 bits


def test_bands_are_scored_each_by_itself() -> None:
    truth = np.zeros((2, 3, 3), np.uint8)
    estimate = truth.copy()
    estimate[1] += 5
    assert psnr_per_band(estimate, truth) == pytest.approx([math.inf, 10 * math.log10(51**2)])


def test_one_range_covers_ninety_nine_per_cent_of_all_images_together() -> None:
    dull, bright = np.zeros((100, 100)), np.zeros((100, 100))
    bright[0] = 40
    assert common_range([dull, bright]) == 4  # half a per cent lies above
    assert share_above([dull, bright], 4) == 0.005
    bright[:5] = 40
    assert common_range([dull, bright]) == 40
