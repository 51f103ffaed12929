"""Degradation against scipy's blur and OpenCV's cubic convolution."""

import cv2
import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from benchmark.protocols.degradation import Degradation, kernel
from benchmark.protocols.interpolation import upscale
from tests.benchmark.support import EIGHT_BIT, EPS, FLOAT, random

SHAPES = [(64, 48), (63, 47), (33, 50), (31, 31), (13, 40), (7, 5), (3, 11), (2, 2), (1, 4), (1, 1)]


def blurred(image: np.ndarray, scale: int) -> np.ndarray:
    """Blur every band (rows, columns by the last two axes) and keep every `scale`-th sample."""
    bands = [gaussian_filter(band.astype(np.float64), 3) for band in image]
    return np.stack(bands)[:, ::scale, ::scale]


def enlarged(low: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Enlarge every band by OpenCV's cubic convolution."""
    size = (shape[1], shape[0])
    return np.stack([cv2.resize(band, size, interpolation=cv2.INTER_CUBIC) for band in low])


def test_the_kernel_has_25_taps_that_add_up_to_one() -> None:
    taps = kernel(3, 4)
    assert taps.shape == (25,)
    assert taps.sum() == pytest.approx(1, abs=1e-15)
    assert np.array_equal(taps, taps[::-1])
    assert taps[12 + 3] / taps[12] == pytest.approx(np.exp(-0.5))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_blur_and_decimation_equal_scipy(shape: tuple[int, int], scale: int) -> None:
    band = np.random.default_rng(1).random(shape)
    degradation = Degradation(FLOAT, scale)
    rows, columns = (degradation.axis(size).numpy() for size in shape)
    expected = blurred(band[None], scale)[0]
    np.testing.assert_allclose(rows @ band @ columns.T, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("shape", [(40, 33), (9, 70), (4, 4)])
def test_the_low_image_is_the_blurred_one_in_float32(shape: tuple[int, int], scale: int) -> None:
    truth = random(3, *shape)
    low = Degradation(FLOAT, scale).low(truth)
    assert low.dtype == torch.float32
    expected = blurred(truth.numpy(), scale).astype(np.float32)
    np.testing.assert_allclose(low.numpy(), expected, rtol=0, atol=6e-8)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_low_image_is_stored_in_8_bit(scale: int) -> None:
    truth = random(3, 45, 38)
    low = Degradation(EIGHT_BIT, scale).low(truth).numpy()
    grey = np.rint(255 * blurred(truth.numpy(), scale))
    assert np.array_equal(low, (grey / 255).astype(np.float32))
    assert len(np.unique(grey)) > 20


def test_storing_rounds_to_the_nearest_grey_level_or_not_at_all() -> None:
    values = torch.tensor([0.0, 0.4, 0.6, 99.4, 99.6, 254.6, 255.0]) / 255
    stored = Degradation(EIGHT_BIT, 2).store(values)
    assert (stored * 255).tolist() == pytest.approx([0, 0, 1, 99, 100, 255, 255], abs=1e-4)
    assert torch.equal(Degradation(FLOAT, 2).store(values), values)


def test_every_grey_level_survives_storing() -> None:
    degradation = Degradation(EIGHT_BIT, 2)
    levels = torch.arange(256, dtype=torch.float32) / 255
    assert torch.equal(degradation.store(levels), levels)


def test_the_noise_is_that_of_rounding() -> None:
    assert Degradation(EIGHT_BIT, 2).noise == pytest.approx(1 / 12 / 65025, rel=1e-12)
    assert Degradation(FLOAT, 2).noise == 0
    values = random(100_000).double()
    rounding = (Degradation(EIGHT_BIT, 2).store(values) - values).square().mean()
    assert float(rounding) == pytest.approx(Degradation(EIGHT_BIT, 2).noise, rel=0.02)


@pytest.mark.parametrize(
    ("size", "scale", "samples"),
    [(512, 2, 256), (512, 3, 171), (512, 4, 128), (513, 4, 129), (7, 3, 3), (1, 4, 1), (5, 4, 2)],
)
def test_decimation_keeps_the_ceiling_of_the_size(size: int, scale: int, samples: int) -> None:
    degradation = Degradation(EIGHT_BIT, scale)
    assert degradation.axis(size).shape == (samples, size)
    assert degradation.low(torch.zeros(2, size, 6)).shape == (2, samples, -(-6 // scale))


def test_bands_do_not_see_each_other() -> None:
    truth = random(3, 20, 20)
    other = truth.clone()
    other[1] = 0
    low, changed = (Degradation(FLOAT, 2).low(image) for image in (truth, other))
    assert torch.equal(low[[0, 2]], changed[[0, 2]])
    assert changed[1].abs().max() == 0
    assert low[1].min() > 0


def cubic_rounding(samples: int) -> float:
    """Bound the difference of two cubic convolutions in float32, of values up to 1.

    Both round where a pixel's centre lies among so many samples, half an EPS of it, which moves the
    result by at most twice that much an axis; and weights whose terms add up to 30 on the way.
    """
    return (2 * 2 * samples + 2 * 30) * EPS / 2 * 2


@pytest.mark.parametrize(
    ("small", "shape"),
    [
        ((20, 17), (40, 34)),
        ((11, 17), (33, 50)),
        ((11, 9), (31, 25)),
        ((16, 5), (63, 17)),
        ((3, 2), (9, 5)),
        ((1, 1), (3, 4)),
        ((171, 4), (512, 12)),
        ((171, 171), (512, 512)),
    ],
)
def test_upscaling_equals_opencv_border_included(
    small: tuple[int, int], shape: tuple[int, int]
) -> None:
    low = random(2, *small, seed=small[0])
    up = upscale(low, shape).numpy()
    allowed = cubic_rounding(max(small))
    np.testing.assert_allclose(up, enlarged(low.numpy(), shape), rtol=0, atol=allowed)


def test_upscaling_overshoots_as_cubic_convolution_with_a_of_minus_three_quarters_does() -> None:
    low = torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]).repeat(6, 1)[None]
    row = upscale(low, (12, 12))[0, 6]
    a = -0.75

    def weight(x: float) -> float:
        x = abs(x)
        if x <= 1:
            return ((a + 2) * x - (a + 3)) * x**2 + 1
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a if x < 2 else 0.0

    for pixel in range(4, 8):
        centre = (pixel + 0.5) / 2 - 0.5
        assert float(row[pixel]) == pytest.approx(
            sum(weight(centre - sample) for sample in (3, 4, 5)), abs=1e-6
        )
    assert float(row.max()) == pytest.approx(1 + 27 / 256, abs=1e-6)


def test_bare_decimation_shifts_the_picture_by_half_of_the_scale_less_one() -> None:
    """The protocol's published numbers contain this shift; it must not be mended."""
    for scale in (2, 4):
        ramp = (torch.arange(96.0) / 96).repeat(96, 1)[None]
        back = upscale(Degradation(FLOAT, scale).low(ramp).double(), (96, 96))
        # With a = -0.75 a ramp comes back wavy; its mean over whole periods does not.
        shift = (back - ramp)[0, 40:56, 40:56].mean() * 96
        # The ramp and its low image are rounded, half an EPS each, and the ramp is 96 long.
        assert float(shift) == pytest.approx(-(scale - 1) / 2, abs=2 * 96 * EPS)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_gpu_makes_the_same_images(scale: int) -> None:
    truth = random(4, 85, 70)
    for protocol, tolerance in ((FLOAT, 1e-6), (EIGHT_BIT, 0.0)):
        degradation = Degradation(protocol, scale)
        stored = degradation.store(truth)
        low = degradation.low(stored)
        other = degradation.low(degradation.store(truth.cuda()))
        torch.testing.assert_close(other.cpu(), low, rtol=0, atol=tolerance)
        up = upscale(other, (85, 70)).cpu()
        allowed = cubic_rounding(43) + 2 * tolerance
        torch.testing.assert_close(up, upscale(low, (85, 70)), rtol=0, atol=allowed)
