"""Cubic convolution of an axis against resize_right, OpenCV, Pillow and known weights."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.degradation.operators.resize import MATLAB, OPENCV, Resize, kernel
from tests.benchmark import oracles

SCALES = [2, 3, 4, 8]
SIZES = [2, 3, 5, 8, 13, 16, 31, 48, 50, 85]
# OpenCV computes its weights in float32: a centre among 96 samples is known to half an EPS of it,
# and the weights change by at most 1.5 for each unit of the centre.
WEIGHTS = 96 * 2**-24 * 1.5


def unit_images(size: int) -> oracles.Array:
    """Make an image whose columns are the unit vectors: resized along its rows, it is a matrix."""
    return np.eye(size)[None]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    ("operator", "resize", "allowed"),
    [(MATLAB, oracles.matlab, 1e-12), (OPENCV, oracles.opencv, WEIGHTS)],
    ids=["matlab", "opencv"],
)
def test_reduction_and_enlargement_equal_other_software(
    operator: Resize,
    resize: Callable[[oracles.Array, oracles.Shape], oracles.Array],
    allowed: float,
    scale: int,
) -> None:
    for size in SIZES:
        low = -(-size // scale)
        for source, target in ((size, low), (low, size)):
            expected = resize(unit_images(source), (target, source))[0]
            made = operator.matrix(source, target, scale).numpy()
            assert made.shape == (target, source)
            np.testing.assert_allclose(made, expected, rtol=0, atol=allowed)


@pytest.mark.parametrize("scale", SCALES)
def test_matlabs_kernel_equals_pillows_away_from_the_border(scale: int) -> None:
    """Pillow cuts the kernel off at the border, where MATLAB mirrors the image."""
    size, low = 16 * scale, 16
    image = np.random.default_rng(scale).random((size, 7)).astype(np.float32)
    for source, target, border in ((image, low, 2), (image[:low], size, 2 * scale)):
        pillow = Image.fromarray(source).resize((7, target), Image.Resampling.BICUBIC)
        made = MATLAB.matrix(len(source), target, scale).numpy() @ source
        inside = slice(border, -border)
        np.testing.assert_allclose(made[inside], np.asarray(pillow)[inside], rtol=0, atol=1e-6)


def test_halving_has_matlabs_weights() -> None:
    row = MATLAB.matrix(32, 16, 2)[8]
    weights = torch.tensor([-3, -9, 29, 111, 111, 29, -9, -3], dtype=torch.float64) / 256
    torch.testing.assert_close(row[13:21], weights, rtol=0, atol=1e-16)
    assert int((row != 0).sum()) == 8


@pytest.mark.parametrize("operator", [MATLAB, OPENCV, Resize(-0.5, False, "clamp")], ids=repr)
@pytest.mark.parametrize("scale", SCALES)
def test_rows_add_up_to_one(operator: Resize, scale: int) -> None:
    for size in (*range(1, 40), 512):
        low = -(-size // scale)
        for matrix in (operator.matrix(size, low, scale), operator.matrix(low, size, scale)):
            sums = matrix.sum(dim=1)
            torch.testing.assert_close(sums, torch.ones_like(sums), rtol=0, atol=1e-14)


@pytest.mark.parametrize("operator", [MATLAB, OPENCV], ids=["matlab", "opencv"])
def test_a_size_that_stays_is_left_alone(operator: Resize) -> None:
    for size in (1, 2, 9):
        identity = torch.eye(size, dtype=torch.float64)
        assert torch.equal(operator.matrix(size, size, 1), identity)


@pytest.mark.parametrize("operator", [MATLAB, OPENCV], ids=["matlab", "opencv"])
@pytest.mark.parametrize("scale", SCALES)
def test_both_ends_of_an_axis_are_treated_alike(operator: Resize, scale: int) -> None:
    for size in (scale, 3 * scale, 5 * scale + 1):
        low = -(-size // scale)
        for matrix in (operator.matrix(size, low, scale), operator.matrix(low, size, scale)):
            torch.testing.assert_close(matrix.flip(0, 1), matrix, rtol=0, atol=1e-13)


def test_each_field_of_the_operator_counts() -> None:
    def apart(one: Resize, other: Resize, source: int, target: int) -> float:
        difference = one.matrix(source, target, 2) - other.matrix(source, target, 2)
        return float(difference.abs().max())

    plain = Resize(a=-0.5, antialias=False, border="mirror")
    assert apart(plain, replace(plain, a=-0.75), 8, 16) > 0.01
    assert apart(plain, replace(plain, border="clamp"), 8, 16) > 0.01
    assert apart(plain, replace(plain, antialias=True), 16, 8) > 0.01
    assert apart(plain, replace(plain, antialias=True), 8, 16) == 0


@pytest.mark.parametrize("scale", range(2, 9))
def test_without_antialiasing_few_pixels_are_seen_and_at_odd_scales_one_of_each_block(
    scale: int,
) -> None:
    """As docs/protocols/liu2023.md says."""
    seen = OPENCV.matrix(40 * scale, 40, scale).abs() > 1e-12
    if scale % 2:
        assert torch.equal(seen.nonzero()[:, 1], torch.arange(40) * scale + scale // 2)
    else:
        assert seen[1:-1].sum(dim=1).tolist() == 38 * [4]
        assert float(seen.any(dim=0).double().mean()) == min(1, 4 / scale)


@pytest.mark.parametrize("border", ["symmetric", "Mirror", "", None])
def test_another_border_is_refused_and_not_taken_for_clamp(border: str) -> None:
    expected = f'expected border="mirror" or "clamp", found {border!r}'
    with pytest.raises(ValueError, match=f"^Resize: {expected}$"):
        Resize(-0.5, True, border)  # type: ignore[arg-type]


@pytest.mark.parametrize("a", [-0.5, -0.75])
def test_the_kernel_interpolates_and_is_smooth(a: float) -> None:
    at = torch.tensor([0, 1, 2, 3], dtype=torch.float64)
    assert kernel(at, a).tolist() == [1, 0, 0, 0]
    step = 1e-6
    slope = (kernel(at[1] + step, a) - kernel(at[1] - step, a)) / (2 * step)
    assert float(slope) == pytest.approx(a, abs=1e-5)
