"""The degradation of every protocol, and its interpolation, against other software."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from benchmark.degradation.degradation import Degradation
from benchmark.protocol import OPENCV, Resize
from tests.benchmark.degradation.support import (
    STORED,
    as_float32,
    degradation_of,
    every_protocol,
    every_scale,
    expected_low,
    expected_truth,
    expected_up,
)
from tests.benchmark.support import EIGHT_BIT, EPS, random

SHAPES = [(64, 48), (63, 47), (33, 50), (17, 40), (16, 9)]
TINY = [(7, 5), (3, 11), (2, 2), (1, 4), (1, 1)]


def cubic_rounding(samples: int) -> float:
    """Bound the difference of two cubic convolutions, one or both in float32, of values up to 1.

    Torch and OpenCV round where a pixel's centre lies among so many samples, half an EPS of it,
    which moves the result by at most twice that much an axis; and weights whose terms add up to 30
    on the way.
    """
    return (2 * 2 * samples + 2 * 30) * EPS


@every_protocol
@every_scale
def test_the_low_image_is_that_of_other_software(name: str, scale: int) -> None:
    degradation = degradation_of(name, scale)
    for shape in SHAPES:
        image = random(3, *shape)
        truth = degradation.ground_truth(image)
        wanted = expected_truth(name, image, scale)
        np.testing.assert_allclose(truth, wanted, rtol=0, atol=EPS / 2)
        low = degradation.low(truth)
        expected = expected_low(name, truth.double().numpy(), scale)
        assert low.dtype == torch.float32
        assert low.shape == expected.shape
        assert low.shape[1:] == tuple(map(degradation.low_size, truth.shape[1:]))
        if name in STORED:
            grey = np.rint(255 * expected)
            assert torch.equal(low, as_float32(grey / 255))
            assert len(np.unique(grey)) > 3
        else:
            allowed = EPS if name != "liu2023" else max(map(cubic_rounding, shape))
            np.testing.assert_allclose(low, expected, rtol=0, atol=allowed)


@every_protocol
@every_scale
def test_the_upscaled_image_is_that_of_other_software(name: str, scale: int) -> None:
    degradation = degradation_of(name, scale)
    for rows, columns in SHAPES:
        truth = degradation.ground_truth(random(3, rows, columns))
        low, shape = degradation.low(truth), (truth.shape[1], truth.shape[2])
        up = degradation.upscale(low, shape)
        assert up.dtype == torch.float32
        assert up.shape == truth.shape
        expected = expected_up(name, low.numpy(), shape)
        allowed = max(map(cubic_rounding, low.shape[1:]))
        np.testing.assert_allclose(up, expected, rtol=0, atol=allowed)


@every_protocol
@every_scale
def test_the_fast_way_up_is_the_matrix_of_each_axis(name: str, scale: int) -> None:
    degradation = degradation_of(name, scale)
    for shape in [*SHAPES, *TINY]:
        rows, columns = (degradation.up_axis(size) for size in shape)
        low = random(2, rows.shape[1], columns.shape[1], seed=scale)
        expected = (rows @ low.double() @ columns.T).float()
        up = degradation.upscale(low, shape)
        allowed = max(map(cubic_rounding, low.shape[1:]))
        torch.testing.assert_close(up, expected, rtol=0, atol=allowed)


@dataclass(frozen=True)
class First(Resize):
    """Take the first sample everywhere."""

    def taps(self, source: int, target: int, scale: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return one tap each."""
        return torch.zeros(target, 1, dtype=torch.int64), torch.ones(target, 1).double()


def test_a_resize_with_other_taps_is_not_computed_as_torchs() -> None:
    degradation = Degradation(OPENCV, First(-0.75, False, "clamp"), 2)
    low = random(2, 5, 6)
    expected = low[:, :1, :1].expand(2, 10, 12)
    torch.testing.assert_close(degradation.upscale(low, (10, 12)), expected, rtol=0, atol=0)


@every_protocol
@every_scale
def test_rows_of_both_matrices_add_up_to_one(name: str, scale: int) -> None:
    degradation = degradation_of(name, scale)
    for size in (*range(1, 40), 510, 512):
        low = degradation.low_size(size)
        for matrix, shape in (
            (degradation.axis(size), (low, size)),
            (degradation.up_axis(size), (size, low)),
        ):
            assert matrix.shape == shape
            assert matrix.dtype == torch.float64
            sums = matrix.sum(dim=1)
            torch.testing.assert_close(sums, torch.ones_like(sums), rtol=0, atol=1e-14)


@every_protocol
@every_scale
def test_the_adjoint_is_the_adjoint_of_the_operator(name: str, scale: int) -> None:
    """<A x, y> = <x, A^T y>, where A is the degradation before anything is stored."""
    degradation = degradation_of(name, scale)
    for shape in [*SHAPES, *TINY]:
        rows, columns = (degradation.axis(size) for size in shape)
        x = random(2, *shape).double()
        y = random(2, len(rows), len(columns), seed=1).double()
        back = degradation.adjoint(y, shape)
        assert back.dtype == torch.float64
        assert back.shape == x.shape
        forth = float(((rows @ x @ columns.T) * y).sum())
        assert float((x * back).sum()) == pytest.approx(forth, rel=1e-12)
    assert degradation.adjoint(y.float(), shape).dtype == torch.float32


@every_protocol
@every_scale
def test_bands_do_not_see_each_other(name: str, scale: int) -> None:
    degradation = degradation_of(name, scale)
    truth = degradation.ground_truth(random(3, 24, 24))
    other = truth.clone()
    other[1] = 0
    low, changed = (degradation.low(image) for image in (truth, other))
    up, changed_up = (degradation.upscale(image, (24, 24)) for image in (low, changed))
    for one, two in ((low, changed), (up, changed_up)):
        assert torch.equal(one[[0, 2]], two[[0, 2]])
        assert two[1].abs().max() == 0
        assert one[1].abs().max() > 0


@pytest.mark.parametrize("name", ["li2020", "jiang2020", "liu2023"])
@pytest.mark.parametrize(
    ("size", "scale", "kept"), [(512, 3, 510), (512, 8, 512), (50, 8, 48), (7, 4, 4)]
)
def test_the_ground_truth_is_cropped_to_a_multiple_of_the_scale(
    name: str, size: int, scale: int, kept: int
) -> None:
    image = random(2, size, size + 1)
    truth = degradation_of(name, scale).ground_truth(image)
    columns = (size + 1) // scale * scale
    assert torch.equal(truth, image[:, :kept, :columns])


def test_wang2017_keeps_every_pixel() -> None:
    image = random(2, 31, 50)
    assert degradation_of("wang2017-float", 3).ground_truth(image).shape == image.shape


@pytest.mark.parametrize(
    ("size", "scale", "samples"),
    [
        (512, 2, 256),
        (512, 3, 171),
        (512, 4, 128),
        (512, 8, 64),
        (513, 4, 129),
        (7, 3, 3),
        (1, 4, 1),
    ],
)
def test_decimation_keeps_the_ceiling_of_the_size(size: int, scale: int, samples: int) -> None:
    degradation = degradation_of("wang2017", scale)
    assert degradation.axis(size).shape == (samples, size)
    assert degradation.low(torch.zeros(2, size, 6)).shape == (2, samples, -(-6 // scale))


def test_storing_rounds_to_the_nearest_grey_level_or_not_at_all() -> None:
    values = torch.tensor([0.0, 0.4, 0.6, 99.4, 99.6, 254.6, 255.0]) / 255
    stored = degradation_of("wang2017", 2).store(values)
    assert (stored * 255).tolist() == pytest.approx([0, 0, 1, 99, 100, 255, 255], abs=1e-4)
    assert torch.equal(degradation_of("li2020", 2).store(values), values)


def test_every_grey_level_survives_storing() -> None:
    levels = torch.arange(256, dtype=torch.float32) / 255
    assert torch.equal(degradation_of("wang2017", 2).store(levels), levels)


@every_protocol
def test_the_noise_is_that_of_rounding(name: str) -> None:
    degradation = degradation_of(name, 2)
    values = random(100_000).double()
    rounding = (degradation.store(values) - values).square().mean()
    assert float(rounding) == pytest.approx(degradation.noise, rel=0.02)
    assert (degradation.noise > 0) is (name in STORED)


def test_the_bicubic_of_opencv_overshoots_as_minus_three_quarters_does() -> None:
    low = torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]).repeat(6, 1)[None]
    row = degradation_of("wang2017", 2).upscale(low, (12, 12))[0, 6]
    assert float(row.max()) == pytest.approx(1 + 27 / 256, abs=1e-6)
    row = degradation_of("li2020", 2).upscale(low, (12, 12))[0, 6]
    assert float(row.max()) == pytest.approx(1 + 18 / 256, abs=1e-6)


def test_bare_decimation_shifts_the_picture_by_half_of_the_scale_less_one() -> None:
    """The published numbers of `wang2017` contain this shift; it must not be mended."""
    for scale in (2, 4, 8):
        degradation = degradation_of("wang2017-float", scale)
        ramp = (torch.arange(96.0) / 96).repeat(96, 1)[None]
        back = degradation.upscale(degradation.low(ramp).double(), (96, 96))
        # With a = -0.75 a ramp comes back wavy; its mean over whole periods does not.
        shift = (back - ramp)[0, 40:56, 40:56].mean() * 96
        # The ramp and its low image are rounded, half an EPS each, and the ramp is 96 long.
        assert float(shift) == pytest.approx(-(scale - 1) / 2, abs=2 * 96 * EPS)


@pytest.mark.parametrize("name", ["li2020", "jiang2020", "liu2023"])
@every_scale
def test_the_other_protocols_leave_the_picture_in_its_place(name: str, scale: int) -> None:
    degradation = degradation_of(name, scale)
    ramp = (torch.arange(96.0) / 96).repeat(96, 1)[None]
    back = degradation.upscale(degradation.low(ramp), (96, 96)).double()
    shift = (back - ramp)[0, 24:72, 24:72].mean() * 96
    assert float(shift) == pytest.approx(0, abs=96 * 4 * EPS)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@every_protocol
@every_scale
def test_a_gpu_makes_the_same_images(name: str, scale: int) -> None:
    degradation = degradation_of(name, scale)
    image = random(4, 85, 70)
    truth = degradation.ground_truth(image)
    low = degradation.low(truth)
    other = degradation.low(degradation.ground_truth(image.cuda()))
    tolerance = 0.0 if name in STORED else 1e-6
    torch.testing.assert_close(other.cpu(), low, rtol=0, atol=tolerance)
    shape = (truth.shape[1], truth.shape[2])
    up = degradation.upscale(other, shape).cpu()
    allowed = cubic_rounding(43) + 2 * tolerance
    torch.testing.assert_close(up, degradation.upscale(low, shape), rtol=0, atol=allowed)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("lead", [(2,), (3, 2)])
def test_an_upscaled_image_is_extended_by_its_last_row_and_column(
    scale: int, lead: tuple[int, ...]
) -> None:
    degradation = EIGHT_BIT.degradation(scale)
    for rows, columns in ((12, 24), (13, 24), (12, 23), (7, 10), (1, 1)):
        image = random(*lead, rows, columns)
        made = degradation.extend(image)
        low = degradation.low_size(rows), degradation.low_size(columns)
        assert made.shape == (*lead, scale * low[0], scale * low[1])
        padding = ((0, made.shape[-2] - rows), (0, made.shape[-1] - columns))
        expected = np.pad(image.numpy(), ((0, 0),) * len(lead) + padding, mode="edge")
        assert np.array_equal(made.numpy(), expected)
