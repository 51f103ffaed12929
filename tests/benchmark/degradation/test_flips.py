"""Where pairs may be flipped: the answer, against flipped pairs of whole images and patches."""

from typing import Literal

import pytest

from tests.benchmark import oracles
from tests.benchmark.degradation.support import (
    NAMES,
    SHIFTED,
    as_float32,
    degradation_of,
    every_protocol,
    every_scale,
    expected_low,
    expected_up,
)
from tests.benchmark.support import random

Sees = Literal["upscaled", "low"]
SEES: tuple[Sees, ...] = ("upscaled", "low")
# The images of other software agree with ours to this; a shift changes them by over 0.01.
SAME = 1e-4


def seen(name: str, truth: oracles.Array, scale: int, sees: Sees) -> oracles.Array:
    """Compute a method's input by other software, without rounding."""
    low = expected_low(name, truth, scale)
    return low if sees == "low" else expected_up(name, low, truth.shape[1:])


def pairs_may_be_flipped(name: str, size: int, scale: int, sees: Sees, scene: int) -> bool:
    """Flip patches from the middle of a scene, and compare them with those of the flipped scene.

    Two places, one sample apart, are tried. The flipped scene is moved so that the patch starts at
    a multiple of the scale again.
    """
    truth = random(1, scene, 4 * scale, seed=3).double().numpy()
    middle = (scene - size) // 2 // scale * scale
    step = 1 if sees == "upscaled" else scale
    same = []
    for first in {middle, max(0, middle - scale)}:
        rows = slice(first // step, -(-(first + size) // step))
        flipped = seen(name, truth, scale, sees)[:, rows][:, ::-1]
        offset = (scene - first - size) - first  # to the start of the patch in the flipped scene
        moved = as_float32(truth[:, ::-1].copy()).roll(-offset, dims=1).double().numpy()
        same.append(abs(seen(name, moved, scale, sees)[:, rows] - flipped).max() < SAME)
    return all(same)


@every_protocol
@every_scale
@pytest.mark.parametrize("sees", SEES)
def test_the_answer_is_what_flipped_images_show(name: str, scale: int, sees: Sees) -> None:
    degradation = degradation_of(name, scale)
    for extra in (0, 1, 2) if name in SHIFTED else (0,):
        whole = 8 * scale + extra
        expected = pairs_may_be_flipped(name, whole, scale, sees, whole)
        assert degradation.commutes_with_flips(whole, sees) is expected
        # Samples reach from one border to the other, or lie in the middles of their blocks.
        assert expected is (name not in SHIFTED or (whole - 1) % scale == 0)


@every_protocol
@every_scale
@pytest.mark.parametrize("sees", SEES)
def test_the_answer_is_what_flipped_patches_show(name: str, scale: int, sees: Sees) -> None:
    degradation = degradation_of(name, scale)
    scene = 32 * scale
    for extra in (0, 1):
        size = 12 * scale + extra
        expected = pairs_may_be_flipped(name, size, scale, sees, scene)
        assert degradation.commutes_with_flips(size, sees, scene) is expected
        if name in SHIFTED:
            assert expected is (extra == 1 and sees == "low")
        else:
            assert expected is (extra == 0)


@every_scale
@pytest.mark.parametrize("sees", SEES)
@pytest.mark.parametrize("size", [32, 512])
def test_patches_of_cave_may_be_flipped_where_samples_lie_in_the_middle(
    scale: int, sees: Sees, size: int
) -> None:
    for name in NAMES:
        degradation = degradation_of(name, scale)
        if name in SHIFTED:
            assert not degradation.commutes_with_flips(size, sees, 512)
        else:
            patch, scene = size - size % scale, 512 - 512 % scale
            assert degradation.commutes_with_flips(patch, sees, scene)


def test_a_shift_that_depends_on_the_place_does_not_commute() -> None:
    """257 samples of 513 pixels: the interpolated image is shifted by less in the middle."""
    degradation = degradation_of("wang2017-float", 2)
    assert degradation.commutes_with_flips(513, "upscaled")
    assert not degradation.commutes_with_flips(33, "upscaled", 513)
