"""Training patches of every protocol are crops of whole scenes that were degraded as a whole."""

from functools import cache

import pytest
import torch
from torch import Tensor

from benchmark.data.patches import PatchBank, draw, draw_orientations
from benchmark.data.views import turned
from benchmark.degradation.windows import UpscalingWindows
from tests.benchmark.degradation.support import degradation_of, every_protocol, every_scale
from tests.benchmark.support import EPS, batch_of, random

SHAPES = [(45, 61), (32, 33), (67, 32), (50, 40), (41, 97)]
COUNT = 40
SEED = 5
# Along either axis four float32 weights, rounded, times samples up to GAIN: five roundings of half
# an EPS each, relative to the sum of the weights' sizes (1.375, half-way between two samples).
GAIN = 1.375**2
UPSCALED = 2 * 5 * EPS / 2 * 1.375**2 * GAIN


@cache
def scenes() -> list[Tensor]:
    """Make scenes of different, odd and non-square sizes."""
    return [random(2, *shape, seed=number) for number, shape in enumerate(SHAPES)]


def crop(image: Tensor, row: int, column: int, size: int) -> Tensor:
    return image[:, row : row + size, column : column + size]


@every_protocol
@every_scale
@pytest.mark.parametrize("augment", [False, True], ids=["plain", "augmented"])
def test_patches_are_crops_of_the_whole_degraded_scene(
    name: str, scale: int, augment: bool
) -> None:
    degradation = degradation_of(name, scale)
    truths = [degradation.ground_truth(scene) for scene in scenes()]
    shapes = [(truth.shape[1], truth.shape[2]) for truth in truths]
    # Of a multiple of the scale, of another size, and of fewer pixels than the kernel reaches.
    for size in (24, 19, 7):
        bank = PatchBank(
            scenes(),
            degradation,
            count=COUNT,
            size=size,
            seed=SEED,
            device=torch.device("cpu"),
            augment=augment,
        )
        patches = torch.arange(COUNT)
        ups, wanted = batch_of(bank, patches, "upscaled")
        lows, again = batch_of(bank, patches, "low")
        assert torch.equal(wanted, again)
        places = draw(shapes, COUNT, size, scale, SEED).tolist()
        orientations = draw_orientations(COUNT, scale, SEED).tolist() if augment else [0] * COUNT
        few = -(-size // scale)
        assert lows.shape == (COUNT, 2, few, few)
        for index, ((scene, row, column), orientation) in enumerate(
            zip(places, orientations, strict=True)
        ):
            if orientation % 2:
                row, column = column, row  # noqa: PLW2901 - the place in the turned scene
            truth = turned(truths[scene], orientation).contiguous()
            low = degradation.low(truth)
            up = degradation.upscale(low.double(), (truth.shape[1], truth.shape[2]))
            assert torch.equal(wanted[index], crop(truth, row, column, size))
            # A transposed scene is reduced along its rows first: another order of float64 sums.
            expected = crop(low, row // scale, column // scale, few)
            torch.testing.assert_close(
                lows[index], expected, rtol=0, atol=GAIN * EPS if augment else 0
            )
            expected = crop(up.double(), row, column, size)
            torch.testing.assert_close(ups[index].double(), expected, rtol=0, atol=UPSCALED + EPS)


@every_protocol
@every_scale
def test_windows_are_consecutive_samples_whose_weights_are_the_rows_of_the_matrix(
    name: str, scale: int
) -> None:
    degradation = degradation_of(name, scale)
    sizes = [9 * scale, 25 * scale, 40 * scale]
    windows = UpscalingWindows(degradation, sizes, torch.device("cpu"))
    count = 2 * scale + 1
    for size in sizes:
        matrix = degradation.up_axis(size)
        firsts = torch.arange(0, size - count + 1)
        samples, weights = windows.at(firsts, count, torch.full_like(firsts, size))
        assert samples.max() < degradation.low_size(size)
        for first in firsts.tolist():
            made = torch.zeros(count, matrix.shape[1], dtype=torch.float64)
            made.index_add_(1, samples[first], weights[first].double())
            torch.testing.assert_close(made, matrix[first : first + count], rtol=0, atol=2 * EPS)
