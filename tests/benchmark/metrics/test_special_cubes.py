"""Perfect estimates, constant and black bands, single values: scores stay defined."""

import math

import pytest
import torch

from benchmark.metric import METRICS
from tests.benchmark import oracles
from tests.benchmark.metrics.support import LABELS, arrays, metric, pair
from tests.benchmark.support import random

PERFECT = {
    "psnr": math.inf,
    "mpsnr": math.inf,
    "sam": 0,
    "sam_float": 0,
    "ssim": 1,
    "ssim_uniform": 1,
    "ssim_matlab": 1,
    "rmse": 0,
    "ergas": 0,
    "ergas[ratio=4]": 0,
    "cc": 1,
}


@pytest.mark.parametrize("name", LABELS)
def test_a_perfect_estimate_has_the_best_value(name: str) -> None:
    for bands in (1, 3, 31):
        x = random(bands, 20, 20)
        assert metric(name, x, x) == pytest.approx(PERFECT[name], abs=1e-12)
    constant = torch.full((3, 12, 12), 0.1, dtype=torch.float64)  # whose mean is not 0.1
    assert float((constant[0] - constant[0].mean()).abs().max()) > 0
    assert metric(name, constant, constant) == pytest.approx(PERFECT[name], abs=1e-12)
    black = torch.zeros(3, 12, 12)
    assert metric(name, black, black) == pytest.approx(PERFECT[name], abs=1e-12)


@pytest.mark.parametrize("name", LABELS)
def test_the_stated_direction_is_the_one_that_a_worse_estimate_takes(name: str) -> None:
    better, truth = pair(3, 24, 24)
    worse = (truth + 3 * (better - truth)).clamp(0, 1)
    change = metric(name, better, truth) - metric(name, worse, truth)
    assert (change > 0) is METRICS.make(name).higher
    assert change != 0


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("value", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("other", [0.0, 0.1, 1.0])
def test_no_metric_of_constant_cubes_is_nan(name: str, value: float, other: float) -> None:
    x, y = (torch.full((3, 12, 12), level, dtype=torch.float64) for level in (value, other))
    found = metric(name, x, y)
    assert not math.isnan(found)
    assert math.isfinite(found) or (value == other and name in ("psnr", "mpsnr"))


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 1, 5), (3, 2, 2)])
def test_no_metric_of_a_tiny_cube_is_nan(name: str, shape: tuple[int, int, int]) -> None:
    assert math.isfinite(metric(name, random(*shape), random(*shape, seed=1)))


def test_one_perfect_band_makes_the_mean_of_the_bands_psnr_infinite_but_not_the_cubes() -> None:
    x, y = pair(3)
    x[1] = y[1]
    assert metric("mpsnr", x, y) == math.inf
    assert metric("psnr", x, y) == pytest.approx(oracles.psnr(*arrays((x, y))))


def test_a_dead_band_is_left_out_of_the_mean_of_the_bands_psnr() -> None:
    x, y = pair(4)
    x[1], y[1] = 0, 0
    others = metric("mpsnr", x[[0, 2, 3]], y[[0, 2, 3]])
    assert metric("mpsnr", x, y) == others
    assert math.isfinite(others)
    x[1] = 0.5
    assert metric("mpsnr", x, y) == others


def test_the_mean_of_the_bands_psnr_is_the_same_to_the_last_bit_without_dead_bands() -> None:
    for bands in (1, 3, 31, 200):
        x, y = (cube.double() for cube in pair(bands))
        each = [10 * torch.log10(1 / (a - b).square().mean()) for a, b in zip(x, y, strict=True)]
        assert metric("mpsnr", x, y) == float(torch.stack(each).mean())


def test_the_mean_of_the_bands_psnr_is_never_below_the_cubes() -> None:
    """By Jensen's inequality; equal where all bands are equally wrong."""
    x, y = pair(4)
    assert metric("mpsnr", x, y) >= metric("psnr", x, y)
    same = y + 0.01
    assert metric("mpsnr", same, y) == pytest.approx(metric("psnr", same, y), abs=1e-3)


def test_psnr_has_the_square_of_the_peak() -> None:
    x, y = torch.full((1, 2, 2), 1.0), torch.zeros(1, 2, 2)
    for name in ("psnr", "mpsnr"):
        assert metric(name, x, y, peak=255) == pytest.approx(20 * math.log10(255))


def test_a_constant_band_correlates_with_its_copy_alone() -> None:
    x, y = (cube.double() for cube in pair(3, 12, 12))
    others = oracles.cc(*arrays((x[[0, 2]], y[[0, 2]])))
    x[1], y[1] = 0.1, 0.1
    assert metric("cc", x, y) == pytest.approx((2 * others + 1) / 3, rel=1e-12)
    x[1] = 0.2
    assert metric("cc", x, y) == pytest.approx(2 * others / 3, rel=1e-12)
    x[1] = random(12, 12)
    assert metric("cc", x, y) == pytest.approx(2 * others / 3, rel=1e-12)
    x[1], y[1] = 0.1, random(12, 12)
    assert metric("cc", x, y) == pytest.approx(2 * others / 3, rel=1e-12)


def test_correlation_does_not_see_brightness_and_contrast() -> None:
    x, y = pair(3)
    assert metric("cc", 0.5 * x + 0.2, y) == pytest.approx(metric("cc", x, y), abs=1e-6)
    assert metric("cc", -x, y) == pytest.approx(-metric("cc", x, y), abs=1e-9)
    tiny = 1e-3 + 1e-9 * y.double()  # a nearly constant band is no constant one
    assert metric("cc", tiny, y.double()) == pytest.approx(1, abs=1e-6)


def test_ergas_leaves_out_bands_that_are_dark_throughout() -> None:
    x, y = pair(3)
    y[1] = 0
    expected = metric("ergas", x[[0, 2]], y[[0, 2]])
    assert metric("ergas", x, y) == pytest.approx(expected, rel=1e-12)
    assert metric("ergas", x, torch.zeros_like(y)) == 0


def test_ergas_is_relative_to_the_truth() -> None:
    x, y = torch.full((1, 3, 3), 1.0), torch.full((1, 3, 3), 2.0)
    assert metric("ergas", x, y, scale=1) == pytest.approx(50)
    assert metric("ergas", y, x, scale=1) == pytest.approx(100)


def test_a_ratio_of_4_is_twice_the_right_ergas_at_x8_and_the_same_at_x4() -> None:
    x, y = pair(3)
    fixed = metric("ergas[ratio=4]", x, y, scale=8)
    assert fixed == pytest.approx(2 * metric("ergas", x, y, scale=8), rel=1e-12)
    assert fixed == metric("ergas", x, y, scale=4)


def test_large_cubes_are_summed_in_float64() -> None:
    x = torch.full((1, 2000, 2000), 0.1)
    y = x + torch.tensor(1e-4)
    difference = float(x[0, 0, 0].double() - y[0, 0, 0].double())
    assert metric("rmse", x, y) == pytest.approx(-difference, rel=1e-10)


@pytest.mark.parametrize("name", LABELS)
def test_cubes_are_left_alone(name: str) -> None:
    x, y = pair(3, 16, 16)
    copies = x.clone(), y.clone()
    metric(name, x.double(), y.double())
    metric(name, x, y)
    assert torch.equal(x, copies[0])
    assert torch.equal(y, copies[1])
