"""Metrics against scikit-image and plain numpy."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from benchmark.metrics import scoring
from benchmark.metrics.ergas import ergas
from benchmark.metrics.psnr import mean_squared_error, psnr, rmse
from benchmark.metrics.sam import sam
from benchmark.metrics.scoring import METRICS, score
from benchmark.metrics.ssim import ssim
from tests.benchmark.support import random

Pair = tuple[Tensor, Tensor]


def pair(bands: int = 4, rows: int = 37, columns: int = 30, seed: int = 0) -> Pair:
    """Make an estimate and a truth in 8-bit grey levels, alike but not the same."""
    truth = random(bands, rows, columns, seed=seed)
    noise = random(bands, rows, columns, seed=seed + 1) - 0.5
    estimate = (truth + 0.2 * noise).clamp(0, 1)
    return torch.round(estimate * 255), torch.round(truth * 255)


def angles(x: Tensor, y: Tensor) -> np.ndarray:
    """Return the angle of every pixel in degrees; NaN where the truth is zero, 90 where only x is.

    `x` is the estimate, `y` the truth.
    """
    result = []
    for row in range(x.shape[1]):
        for column in range(x.shape[2]):
            a, b = (cube[:, row, column].numpy().astype(np.float64) for cube in (x, y))
            if not b.any():
                result.append(math.nan)
            elif not a.any():
                result.append(90.0)
            else:
                cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
                result.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    return np.array(result)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_psnr_equals_scikit_image_over_the_whole_cube(seed: int) -> None:
    x, y = pair(seed=seed)
    a, b = x.double().numpy(), y.double().numpy()
    expected = peak_signal_noise_ratio(b, a, data_range=255)  # type: ignore[no-untyped-call]
    assert psnr(x, y, 255) == pytest.approx(expected, abs=1e-9)
    bands = [psnr(p[None], q[None], 255) for p, q in zip(x, y, strict=True)]
    assert abs(np.mean(bands) - expected) > 1e-6  # a mean over bands is another number


def test_psnr_has_the_square_of_the_peak() -> None:
    x, y = torch.full((1, 2, 2), 1.0), torch.zeros(1, 2, 2)
    assert psnr(x, y, 255) == pytest.approx(20 * math.log10(255))


@pytest.mark.parametrize("shape", [(3, 37, 30), (2, 11, 11), (2, 12, 40), (1, 64, 13)])
def test_ssim_equals_scikit_image(shape: tuple[int, int, int]) -> None:
    x, y = pair(*shape)
    expected = np.mean(
        [
            structural_similarity(  # type: ignore[no-untyped-call]
                b,
                a,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
                data_range=255,
            )
            for a, b in zip(x.double().numpy(), y.double().numpy(), strict=True)
        ]
    )
    assert ssim(x, y, 255) == pytest.approx(expected, abs=1e-9)
    assert 0.1 < expected < 0.999


def test_ssim_of_a_small_image_uses_the_largest_odd_window() -> None:
    x, y = pair(2, 6, 8)
    taps = np.exp(-0.5 * (np.arange(-2, 3) / 1.5) ** 2)
    window = np.outer(taps, taps) / taps.sum() ** 2
    values = []
    for a, b in zip(x.double().numpy(), y.double().numpy(), strict=True):
        for row in range(2):
            for column in range(4):
                p, q = (image[row : row + 5, column : column + 5] for image in (a, b))
                mp, mq = (window * p).sum(), (window * q).sum()
                vp, vq = (window * (p - mp) ** 2).sum(), (window * (q - mq) ** 2).sum()
                cov = (window * (p - mp) * (q - mq)).sum()
                c1, c2 = 2.55**2, 7.65**2
                luminance = (2 * mp * mq + c1) / (mp**2 + mq**2 + c1)
                values.append(luminance * (2 * cov + c2) / (vp + vq + c2))
    assert ssim(x, y, 255) == pytest.approx(np.mean(values), abs=1e-9)


@pytest.mark.parametrize("bands", [1, 2, 31])
def test_sam_equals_plain_numpy_in_degrees(bands: int) -> None:
    x, y = pair(bands)
    x[:, 0, 0] = 1
    y[:, 0, 0] = 2
    x[:, 1, 1] = y[:, 2, 2] = x[:, 3, 3] = y[:, 3, 3] = 0
    expected = angles(x, y)
    assert np.isnan(expected).sum() >= 2
    assert (expected == 90).any()
    angle, skipped = sam(x, y)
    assert skipped == np.isnan(expected).sum()
    # Parallel spectra are 1e-6 degrees apart to numpy's arccos, where `sam` says 0.
    assert angle == pytest.approx(np.nanmean(expected), abs=1e-8)


def test_sam_of_known_angles() -> None:
    x = torch.tensor([[1.0, 1.0], [0.0, 1.0]])[:, None]
    y = torch.tensor([[0.0, 1.0], [1.0, 0.0]])[:, None]
    angle, skipped = sam(x, y)
    assert angle == pytest.approx((90 + 45) / 2)
    assert skipped == 0


def test_sam_skips_and_counts_pixels_whose_truth_is_zero() -> None:
    x, y = pair(3, 4, 5)
    x, y = x + 1, y + 1
    before = angles(x, y).reshape(4, 5)
    y[:, 1, 1] = 0
    x[:, 2, 2] = y[:, 2, 2] = 0
    angle, skipped = sam(x, y)
    kept = np.ones((4, 5), dtype=bool)
    kept[1, 1] = kept[2, 2] = False
    assert skipped == 2
    assert angle == pytest.approx(before[kept].mean(), abs=1e-9)


def test_a_black_estimate_of_a_pixel_that_is_not_black_is_a_right_angle() -> None:
    x, y = pair(3, 4, 5)
    x, y = x + 1, y + 1
    before = angles(x, y)
    x[:, 0, 0] = 0
    angle, skipped = sam(x, y)
    assert skipped == 0
    assert angle == pytest.approx((90 + before[1:].sum()) / 20, abs=1e-9)
    x[:] = 0
    assert sam(x, y) == (90.0, 0)


def test_score_counts_the_same_pixels_for_every_estimate() -> None:
    """The 8-bit SAM leaves out what the 8-bit truth has black, `sam_float` what the truth has."""
    truth = random(3, 6, 7) + 0.1
    truth[:, :2] = 0.4 / 255  # black after rounding
    truth[:, 0] = 0
    estimates = {"black": torch.zeros_like(truth), "any": random(3, 6, 7, seed=1)}
    scores = {name: score(estimate, truth.clamp(0, 1), 2) for name, estimate in estimates.items()}
    assert scores["black"]["skipped"] == scores["any"]["skipped"] == 14
    assert scores["black"]["sam"] == scores["black"]["sam_float"] == 90
    exact = angles(estimates["any"], truth.clamp(0, 1))
    assert np.isnan(exact).sum() == 7
    assert scores["any"]["sam_float"] == pytest.approx(np.nanmean(exact), abs=1e-5)


def test_sam_is_never_nan() -> None:
    zeros, ones = torch.zeros(3, 2, 2), torch.ones(3, 2, 2)
    assert sam(zeros, zeros) == (0.0, 4)
    assert sam(zeros, ones) == (90.0, 0)
    assert sam(ones, zeros) == (90.0, 4)
    tiny = torch.full((3, 2, 2), 1e-45)  # the smallest float32
    angle, skipped = sam(tiny, ones)
    assert angle == pytest.approx(0, abs=1e-5)
    assert skipped == 0
    assert sam(torch.full((3, 2, 2), 1e-200, dtype=torch.float64), ones) == (90.0, 0)


def test_identical_cubes_are_perfect() -> None:
    for bands in (1, 3, 31):
        x = random(bands, 20, 20) + 1e-3
        angle, skipped = sam(x, x)
        assert angle == pytest.approx(0, abs=1e-6)
        assert skipped == 0
        assert psnr(x, x, 255) == math.inf
        assert rmse(x, x) == 0
        assert ergas(x, x, 2) == 0
        assert ssim(x, x, 1.0) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("other", [0.0, 0.5, 1.0])
def test_no_score_of_constant_cubes_is_nan(value: float, other: float) -> None:
    x, y = torch.full((3, 12, 12), value), torch.full((3, 12, 12), other)
    scores = score(x, y, 2)
    assert not any(math.isnan(number) for number in scores.values())
    assert (scores["psnr"] == math.inf) is (value == other)
    assert scores["skipped"] == (144 if other == 0 else 0)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_ergas_equals_its_formula(scale: int) -> None:
    x, y = pair(5)
    a, b = x.numpy().astype(np.float64), y.numpy().astype(np.float64)
    ratios = [((p - q) ** 2).mean() / q.mean() ** 2 for p, q in zip(a, b, strict=True)]
    assert ergas(x, y, scale) == pytest.approx(100 / scale * np.sqrt(np.mean(ratios)), rel=1e-12)


def test_ergas_leaves_out_bands_that_are_dark_throughout() -> None:
    x, y = pair(3)
    y[1] = 0
    assert ergas(x, y, 2) == pytest.approx(ergas(x[[0, 2]], y[[0, 2]], 2), rel=1e-12)
    assert ergas(x, torch.zeros_like(y), 2) == 0


def test_rmse_equals_plain_numpy() -> None:
    x, y = pair()
    expected = np.sqrt(((x.numpy().astype(np.float64) - y.numpy()) ** 2).mean())
    assert rmse(x, y) == pytest.approx(expected, rel=1e-12)
    assert mean_squared_error(x, y) == pytest.approx(expected**2, rel=1e-12)


def test_large_cubes_are_summed_in_float64() -> None:
    x = torch.full((1, 2000, 2000), 0.1)
    y = torch.full((1, 2000, 2000), 0.1) + torch.tensor(1e-4)
    difference = float(x[0, 0, 0].double() - y[0, 0, 0].double())
    assert mean_squared_error(x, y) == pytest.approx(difference**2, rel=1e-10)


def test_score_rounds_both_sides_to_8_bit_after_clipping() -> None:
    estimate, truth = 1.4 * random(3, 20, 22) - 0.2, random(3, 20, 22, seed=7)
    scores = score(estimate, truth, 3)
    clipped = estimate.clamp(0, 1)
    x = torch.tensor(np.rint(clipped.numpy() * np.float32(255)))
    y = torch.tensor(np.rint(truth.numpy() * np.float32(255)))
    assert scores == {
        "psnr": psnr(x, y, 255),
        "sam": sam(x, y)[0],
        "sam_float": sam(clipped, truth)[0],
        "ssim": ssim(x, y, 255),
        "ergas": ergas(x, y, 3),
        "rmse": rmse(x, y),
        "skipped": sam(x, y)[1],
    }
    assert scores["sam"] != scores["sam_float"]


def test_score_names_every_metric() -> None:
    x, y = random(2, 12, 12), random(2, 12, 12, seed=1)
    assert set(score(x, y, 2)) == {*METRICS, "skipped"}


def test_an_error_below_half_a_grey_level_costs_nothing() -> None:
    truth = torch.round(random(2, 16, 16) * 255) / 255
    scores = score(truth + 0.4 / 255, truth, 2)
    assert scores["psnr"] == math.inf
    assert scores["rmse"] == 0
    assert scores["sam_float"] > 0


def test_score_refuses_another_shape() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 5, 5\), expected \(2, 5, 6\)"):
        score(torch.zeros(2, 5, 5), torch.zeros(2, 5, 6), 2)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_score_refuses_what_is_not_finite(value: float) -> None:
    estimate = random(2, 5, 5)
    estimate[1, 2, 3] = value
    with pytest.raises(ValueError, match="NaN or infinity"):
        score(estimate, random(2, 5, 5, seed=1), 2)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bool, torch.complex64], ids=str)
def test_score_refuses_numbers_that_are_not_real_floats(dtype: torch.dtype) -> None:
    estimate = torch.ones(2, 5, 5).to(dtype)
    with pytest.raises(ValueError, match=rf"are {dtype}, expected floating-point numbers from 0"):
        score(estimate, random(2, 5, 5), 2)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_score_takes_every_float_as_float32(dtype: torch.dtype) -> None:
    truth, estimate = random(3, 20, 22), random(3, 20, 22, seed=7).to(dtype)
    assert score(estimate, truth, 2) == score(estimate.float(), truth, 2)


def test_the_largest_and_smallest_of_float64_are_clipped_and_black() -> None:
    truth = random(1, 12, 12) + 0.1
    huge = torch.full_like(truth, 1e300, dtype=torch.float64)
    assert score(huge, truth, 2) == score(torch.ones_like(truth), truth, 2)
    tiny = torch.full_like(truth, 1e-200, dtype=torch.float64)
    assert score(tiny, truth, 2) == score(torch.zeros_like(truth), truth, 2)


def test_values_outside_of_0_to_1_score_as_the_nearest_inside() -> None:
    truth, estimate = random(3, 20, 22), 5 * random(3, 20, 22, seed=7) - 2
    assert score(estimate, truth, 2) == score(estimate.clamp(0, 1), truth, 2)


def test_score_leaves_its_arguments_alone() -> None:
    estimate, truth = 2 * random(2, 12, 12) - 0.5, random(2, 12, 12, seed=1)
    copies = estimate.clone(), truth.clone()
    score(estimate, truth, 2)
    assert torch.equal(estimate, copies[0])
    assert torch.equal(truth, copies[1])


def test_ergas_is_relative_to_the_truth() -> None:
    x, y = torch.full((1, 3, 3), 1.0), torch.full((1, 3, 3), 2.0)
    assert ergas(x, y, 1) == pytest.approx(50)
    assert ergas(y, x, 1) == pytest.approx(100)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_gives_the_same_scores() -> None:
    x, y = random(5, 40, 30), random(5, 40, 30, seed=1)
    here, there = score(x, y, 2), score(x.cuda(), y.cuda(), 2)
    assert there == pytest.approx(here, rel=1e-10)


def test_metrics_are_listed_in_the_order_of_tables() -> None:
    assert scoring.METRICS == ("psnr", "sam", "sam_float", "ssim", "ergas", "rmse")
