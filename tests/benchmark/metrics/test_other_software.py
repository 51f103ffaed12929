"""Every metric against scikit-image, scipy and plain numpy."""

import numpy as np
import pytest
import torch

from benchmark.metric import METRICS
from tests.benchmark import oracles
from tests.benchmark.metrics.support import LABELS, arrays, metric, pair

SHAPES = [(4, 37, 30), (1, 64, 13), (31, 12, 11), (2, 11, 11)]


def test_every_metric_of_the_suite_is_compared() -> None:
    assert {METRICS.make(name).name for name in LABELS} == {entry.name for entry in METRICS}


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("peak", [1.0, 255.0])
def test_metrics_equal_other_software(name: str, peak: float) -> None:
    for seed, shape in enumerate(SHAPES):
        for scale in (2, 3, 8):
            cubes = pair(*shape, seed=seed, peak=peak)
            expected = oracles.scores(*arrays(cubes), scale, [name], peak)[name]
            found = metric(name, *cubes, peak=peak, scale=scale)
            # The arccosine of parallel spectra is known to 1e-6 degrees.
            allowed = 1e-6 if name.startswith("sam") else 1e-9
            assert found == pytest.approx(expected, rel=1e-9, abs=allowed)


@pytest.mark.parametrize("name", LABELS)
def test_values_outside_of_the_range_count_as_they_are(name: str) -> None:
    """The published Bicubic rows are not clipped: metrics take what they are given."""
    x, y = pair(3, 24, 20)
    x = 1.6 * x - 0.3
    expected = oracles.scores(*arrays((x, y)), 4, [name])[name]
    assert metric(name, x, y, scale=4) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", LABELS)
def test_one_kind_is_not_another(name: str) -> None:
    """Metrics that share a name in papers differ by more than rounding."""
    cubes = pair(3, 40, 40)
    cubes[0][1:] = 0.5 * cubes[0][1:]
    cubes[1][2:] *= 0.3
    mine = metric(name, *cubes, scale=2)
    for other in LABELS:
        if {name, other} not in ({name}, {"sam", "sam_float"}):
            assert abs(metric(other, *cubes, scale=2) - mine) > 1e-5


@pytest.mark.parametrize("side", [1, 2, 3, 4, 6, 8, 10])
def test_a_window_that_is_too_large_shrinks_to_the_largest_odd_one_that_fits(side: int) -> None:
    x, y = pair(2, side, side + 3)
    odd = min(11, side - 1 + side % 2)
    taps = np.exp(-0.5 * (np.arange(-(odd // 2), odd // 2 + 1) / 1.5) ** 2)
    assert metric("ssim", x, y) == pytest.approx(windows(x, y, taps / taps.sum(), 1.0), abs=1e-9)
    odd = min(7, side - 1 + side % 2)
    sample = odd**2 / (odd**2 - 1) if odd > 1 else 1.0
    uniform = np.full(odd, 1 / odd)
    assert metric("ssim_uniform", x, y) == pytest.approx(windows(x, y, uniform, sample), abs=1e-9)


def windows(x: torch.Tensor, y: torch.Tensor, taps: oracles.Array, covariance: float) -> float:
    """Compute SSIM window by window, from the definition of the moments."""
    weights, side = np.outer(taps, taps), len(taps)
    values = []
    for a, b in zip(*arrays((x, y)), strict=True):
        for row in range(a.shape[0] - side + 1):
            for column in range(a.shape[1] - side + 1):
                p, q = (image[row : row + side, column : column + side] for image in (a, b))
                mp, mq = (weights * p).sum(), (weights * q).sum()
                vp, vq = ((weights * (i - m) ** 2).sum() for i, m in ((p, mp), (q, mq)))
                cov = (weights * (p - mp) * (q - mq)).sum()
                luminance = (2 * mp * mq + 1e-4) / (mp**2 + mq**2 + 1e-4)
                structure = (2 * covariance * cov + 9e-4) / (covariance * (vp + vq) + 9e-4)
                values.append(luminance * structure)
    return float(np.mean(values))


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 4), (10, 30)])
def test_matlabs_window_stays_whole_in_a_small_image(shape: tuple[int, int]) -> None:
    cubes = pair(2, *shape)
    expected = oracles.ssim_matlab(*arrays(cubes))
    assert metric("ssim_matlab", *cubes) == pytest.approx(expected, abs=1e-9)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", LABELS)
def test_a_gpu_gives_the_same_scores(name: str) -> None:
    x, y = pair(5, 40, 30)
    assert metric(name, x.cuda(), y.cuda()) == pytest.approx(metric(name, x, y), rel=1e-10)
