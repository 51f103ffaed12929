"""Where pairs may be flipped: the answer, against flipped pairs of whole images and patches."""

from typing import Literal

import pytest
import torch
from torch import Tensor

from benchmark.protocols.degradation import Degradation
from benchmark.protocols.interpolation import upscale
from tests.benchmark.support import FLOAT, random

Sees = Literal["upscaled", "decimated"]
SEES: tuple[Sees, ...] = ("upscaled", "decimated")


class Centred(Degradation):
    """Averages blocks of scale x scale pixels: samples lie in the blocks' middles."""

    def axis(self, size: int) -> Tensor:
        """Return the matrix of an axis."""
        assert size % self.scale == 0
        blocks = torch.eye(size // self.scale, dtype=torch.float64)
        return blocks.repeat_interleave(self.scale, dim=1) / self.scale


def seen(degradation: Degradation, truth: Tensor, sees: Sees) -> Tensor:
    """Compute a method's input."""
    low = degradation.low(truth)
    return low if sees == "decimated" else upscale(low, (truth.shape[1], truth.shape[2]))


def pairs_may_be_flipped(degradation: Degradation, size: int, sees: Sees, scene: int) -> bool:
    """Flip patches from the middle of a scene, and compare them with those of the flipped scene.

    The flipped scene is moved so that the patch starts at a multiple of the scale again.
    """
    truth = random(2, scene, scene, seed=3)
    scale = degradation.scale
    first = (scene - size) // 2 // scale * scale
    step = 1 if sees == "upscaled" else scale
    rows = slice(first // step, -(-(first + size) // step))
    flipped = seen(degradation, truth, sees)[:, rows].flip(1)
    mirrored = truth.flip(1)
    offset = (scene - first - size) - first  # from the wanted start to that of the flipped patch
    moved = mirrored.roll(-offset, dims=1)
    return torch.allclose(seen(degradation, moved, sees)[:, rows], flipped, atol=1e-5)


@pytest.mark.parametrize("sees", SEES)
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("extra", [0, 1, 2])
def test_the_answer_is_what_flipped_images_show(scale: int, sees: Sees, extra: int) -> None:
    degradation = Degradation(FLOAT, scale)
    whole = 12 * scale + extra
    expected = pairs_may_be_flipped(degradation, whole, sees, whole)
    assert degradation.commutes_with_flips(whole, sees) is expected
    assert expected is ((whole - 1) % scale == 0)  # samples reach from one border to the other


@pytest.mark.parametrize("sees", SEES)
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("extra", [0, 1])
def test_the_answer_is_what_flipped_patches_show(scale: int, sees: Sees, extra: int) -> None:
    degradation, scene = Degradation(FLOAT, scale), 48 * scale
    size = 12 * scale + extra
    expected = pairs_may_be_flipped(degradation, size, sees, scene)
    assert degradation.commutes_with_flips(size, sees, scene) is expected
    assert expected is (extra == 1 and sees == "decimated")


@pytest.mark.parametrize("sees", SEES)
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", [32, 512])
def test_no_patch_of_cave_may_be_flipped(scale: int, sees: Sees, size: int) -> None:
    assert not Degradation(FLOAT, scale).commutes_with_flips(size, sees, 512)


def test_a_shift_that_depends_on_the_place_does_not_commute() -> None:
    """257 samples of 513 pixels: the interpolated image is shifted by less in the middle."""
    degradation = Degradation(FLOAT, 2)
    assert degradation.commutes_with_flips(513, "upscaled")
    assert not degradation.commutes_with_flips(33, "upscaled", 513)


@pytest.mark.parametrize("sees", SEES)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_an_operator_without_a_side_commutes(scale: int, sees: Sees) -> None:
    degradation = Centred(FLOAT, scale)
    for size, scene in ((12 * scale, 12 * scale), (12 * scale, 48 * scale)):
        assert pairs_may_be_flipped(degradation, size, sees, scene)
        assert degradation.commutes_with_flips(size, sees, scene)
