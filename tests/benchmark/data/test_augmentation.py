"""Augmented patches are crops of degraded turned scenes, which turned pairs are not."""

from functools import cache
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.data.patches import PatchBank, draw, draw_orientations
from benchmark.data.views import turned
from benchmark.protocol import Protocol
from tests.benchmark.data.test_patches import (
    BANDS,
    COUNT,
    SEED,
    SHAPES,
    UPSCALED,
    scenes,
)
from tests.benchmark.data.test_patches import bank as plain_bank
from tests.benchmark.support import EIGHT_BIT, EPS, FLOAT, batch_of

SIZE = 24


@cache
def augmented(protocol: Protocol, scale: int, seed: int = SEED) -> PatchBank:
    """Draw patches of turned scenes."""
    return PatchBank(
        scenes(),
        protocol.degradation(scale),
        count=COUNT,
        size=SIZE,
        seed=seed,
        device=torch.device("cpu"),
        augment=True,
    )


def crop(image: Tensor, row: int, column: int, size: int) -> Tensor:
    return image[:, row : row + size, column : column + size]


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("protocol", [EIGHT_BIT, FLOAT], ids=lambda protocol: protocol.name)
def test_augmented_patches_are_crops_of_the_degraded_turned_scene(
    protocol: Protocol, scale: int
) -> None:
    degradation = protocol.degradation(scale)
    made = augmented(protocol, scale)
    patches = torch.arange(COUNT)
    ups, truths = batch_of(made, patches, "upscaled")
    lows, again = batch_of(made, patches, "low")
    assert torch.equal(truths, again)
    few = -(-SIZE // scale)
    positions = draw(SHAPES, COUNT, SIZE, scale, SEED).tolist()
    orientations = draw_orientations(COUNT, scale, SEED).tolist()
    for index, ((scene, row, column), orientation) in enumerate(
        zip(positions, orientations, strict=True)
    ):
        if orientation % 2:
            row, column = column, row  # noqa: PLW2901 - the place is that of the turned scene
        truth = degradation.store(turned(scenes()[scene], orientation).contiguous())
        low = degradation.low(truth)
        up = degradation.upscale(low.double(), (truth.shape[1], truth.shape[2]))
        assert torch.equal(truths[index], crop(truth, row, column, SIZE))
        # A transposed scene is blurred along its rows first: another order of float64 sums.
        torch.testing.assert_close(
            lows[index], crop(low, row // scale, column // scale, few), rtol=0, atol=EPS
        )
        torch.testing.assert_close(
            ups[index].double(), crop(up, row, column, SIZE), rtol=0, atol=UPSCALED + 2 * EPS
        )


def test_all_orientations_have_their_turn_and_positions_stay() -> None:
    orientations = draw_orientations(4000, 2, 0)
    assert np.bincount(orientations).min() > 400
    assert len(np.bincount(orientations)) == 8
    assert np.array_equal(draw_orientations(4000, 2, 0), orientations)
    assert not np.array_equal(draw_orientations(4000, 2, 1), orientations)


def test_an_augmented_bank_holds_each_truth_once_and_four_low_images() -> None:
    plain, more = plain_bank(EIGHT_BIT, 2), augmented(EIGHT_BIT, 2)
    assert len(more._truths.pixels) == len(plain._truths.pixels)
    assert len(more._lows.pixels) == 4 * len(plain._lows.pixels)
    assert more.bands == BANDS
    assert len(more) == COUNT


def test_one_orientation_is_the_plain_bank() -> None:
    """Patches that are not turned are the same, pixel by pixel, with and without augmentation."""
    plain = PatchBank(
        scenes(),
        EIGHT_BIT.degradation(3),
        count=COUNT,
        size=SIZE,
        seed=SEED,
        device=torch.device("cpu"),
    )
    same = torch.from_numpy(np.flatnonzero(draw_orientations(COUNT, 3, SEED) == 0))
    assert len(same)
    for one, other in zip(
        batch_of(plain, same, "upscaled"),
        batch_of(augmented(EIGHT_BIT, 3), same, "upscaled"),
        strict=True,
    ):
        assert torch.equal(one, other)


@pytest.mark.parametrize("sees", ["upscaled", "low"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_turned_pair_is_not_a_pair_of_the_turned_scene(
    scale: int, sees: Literal["upscaled", "low"]
) -> None:
    """Under `wang2017`: its errors would teach the network a shift towards the other side."""
    degradation = EIGHT_BIT.degradation(scale)
    size = 12 * scale
    ramp = torch.linspace(0.2, 0.8, 2 * size).expand(1, 2 * size, 2 * size)
    low, mirrored = (degradation.low(degradation.store(z)) for z in (ramp, ramp.flip(2)))
    if sees == "upscaled":
        low, mirrored = (
            degradation.upscale(image, (2 * size, 2 * size)) for image in (low, mirrored)
        )
    step = 1 if sees == "upscaled" else scale
    inside = slice(12 * scale // step // 2, -(12 * scale // step // 2))  # away from the border
    difference = (low.flip(2) - mirrored)[..., inside, inside]
    # The slope times twice the distance from the middle: (s - 1) pixels.
    expected = 0.6 / (2 * size - 1) * (scale - 1)
    assert difference.abs().mean() == pytest.approx(expected, rel=0.2)
    assert not degradation.commutes_with_flips(size, sees, 2 * size)
