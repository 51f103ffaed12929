"""Patches against crops of the whole degraded image, and the positions they are drawn at."""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from benchmark.data.patches import PatchBank, draw
from benchmark.errors import RequestError
from benchmark.protocol import Protocol
from tests.benchmark.support import EIGHT_BIT, EPS, FLOAT, batch_of, examples, random

SHAPES = [(45, 61), (32, 33), (67, 32), (50, 40)]
BANDS = 4
COUNT = 60
SEED = 5
# Along either axis four float32 weights, rounded, times samples up to 1: five roundings of half an
# EPS each, relative to the sum of the weights' sizes (1.375, half-way between two samples).
UPSCALED = 2 * 5 * EPS / 2 * 1.375**2


def scenes() -> list[Tensor]:
    """Make ground truths of different, odd and non-square sizes."""
    return [random(BANDS, *shape, seed=number) for number, shape in enumerate(SHAPES)]


@cache
def bank(protocol: Protocol, scale: int, size: int = 32) -> PatchBank:
    """Draw patches of all of them."""
    degradation = protocol.degradation(scale)
    return PatchBank(
        scenes(), degradation, count=COUNT, size=size, seed=SEED, device=torch.device("cpu")
    )


def crops(protocol: Protocol, scale: int, size: int = 32) -> tuple[Tensor, Tensor, Tensor]:
    """Cut truth, up-scaled (in float64) and decimated patches from whole images, one by one."""
    degradation = protocol.degradation(scale)
    truths = [degradation.store(scene) for scene in scenes()]
    lows = [degradation.low(truth) for truth in truths]
    ups = [
        degradation.upscale(low.double(), shape) for low, shape in zip(lows, SHAPES, strict=True)
    ]
    few = -(-size // scale)
    cut: tuple[list[Tensor], list[Tensor], list[Tensor]] = ([], [], [])
    for scene, row, column in draw(SHAPES, COUNT, size, scale, SEED).tolist():
        cut[0].append(truths[scene][:, row : row + size, column : column + size])
        cut[1].append(ups[scene][:, row : row + size, column : column + size])
        first, left = row // scale, column // scale
        cut[2].append(lows[scene][:, first : first + few, left : left + few])
    truth, up, low = (torch.stack(part) for part in cut)
    return truth, up, low


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("protocol", [EIGHT_BIT, FLOAT], ids=lambda protocol: protocol.name)
@pytest.mark.parametrize("size", [32, 20, 7])
def test_patches_are_crops_of_the_whole_degraded_scene(
    protocol: Protocol, scale: int, size: int
) -> None:
    truth, up, low = crops(protocol, scale, size)
    patches = torch.arange(COUNT)
    inputs, wanted = batch_of(bank(protocol, scale, size), patches, "upscaled")
    assert inputs.shape == wanted.shape == (COUNT, BANDS, size, size)
    torch.testing.assert_close(inputs.double(), up, rtol=0, atol=UPSCALED)
    assert torch.equal(wanted, truth)
    inputs, wanted = batch_of(bank(protocol, scale, size), patches, "low")
    assert torch.equal(inputs, low)
    assert torch.equal(wanted, truth)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("protocol", [EIGHT_BIT, FLOAT], ids=lambda protocol: protocol.name)
def test_chosen_bands_become_images_of_their_own(protocol: Protocol, scale: int) -> None:
    truth, up, low = crops(protocol, scale)
    patches = torch.tensor([3, 41, 0, 3])
    bands = torch.tensor([[0, 3], [2, 1], [1, 1], [3, 0]])
    order = [(int(p), int(b)) for p, row in zip(patches, bands, strict=True) for b in row]
    inputs, wanted = batch_of(bank(protocol, scale), patches, "upscaled", bands)
    assert inputs.shape == wanted.shape == (8, 1, 32, 32)
    expected = torch.stack([up[p, b][None] for p, b in order])
    torch.testing.assert_close(inputs.double(), expected, rtol=0, atol=UPSCALED)
    assert torch.equal(wanted, torch.stack([truth[p, b][None] for p, b in order]))
    inputs, wanted = batch_of(bank(protocol, scale), patches, "low", bands)
    assert torch.equal(inputs, torch.stack([low[p, b][None] for p, b in order]))
    assert torch.equal(wanted, torch.stack([truth[p, b][None] for p, b in order]))


def test_the_order_of_a_batch_is_the_order_asked_for() -> None:
    made = bank(EIGHT_BIT, 2)
    forth, _ = batch_of(made, torch.tensor([1, 2, 3]), "upscaled")
    back, _ = batch_of(made, torch.tensor([3, 2, 1]), "upscaled")
    assert torch.equal(forth.flip(0), back)
    assert not torch.equal(forth, back)


def test_decimated_patches_have_the_ceiling_of_the_size() -> None:
    inputs, _ = batch_of(bank(EIGHT_BIT, 3), torch.tensor([0]), "low")
    assert inputs.shape == (1, BANDS, 11, 11)


def test_the_bank_knows_its_length_and_bands() -> None:
    assert len(bank(FLOAT, 2)) == COUNT
    assert bank(FLOAT, 2).bands == BANDS


def test_an_8_bit_bank_holds_one_byte_a_value() -> None:
    assert bank(EIGHT_BIT, 2)._truths.pixels.dtype == torch.uint8
    assert bank(FLOAT, 2)._truths.pixels.dtype == torch.float32


def test_the_same_seed_draws_the_same_positions() -> None:
    assert np.array_equal(draw(SHAPES, 500, 32, 2, 3), draw(SHAPES, 500, 32, 2, 3))


def test_another_seed_draws_others() -> None:
    first, second = draw(SHAPES, 500, 16, 2, 3), draw(SHAPES, 500, 16, 2, 4)
    assert (first != second).any(axis=1).mean() > 0.9


def test_drawing_leaves_the_global_random_state_alone() -> None:
    state = np.random.get_state()[1].copy()  # type: ignore[index] # noqa: NPY002
    torch_state = torch.get_rng_state()
    draw(SHAPES, 10, 16, 2, 3)
    assert np.array_equal(state, np.random.get_state()[1])  # type: ignore[index] # noqa: NPY002
    assert torch.equal(torch_state, torch.get_rng_state())


@given(
    sizes=st.lists(st.tuples(st.integers(8, 40), st.integers(8, 40)), min_size=1, max_size=4),
    scale=st.integers(2, 4),
    seed=st.integers(0, 2**32),
)
@examples
def test_positions_are_multiples_of_the_scale_inside_their_scene(
    sizes: list[tuple[int, int]], scale: int, seed: int
) -> None:
    positions = draw(sizes, 50, 8, scale, seed)
    assert positions.shape == (50, 3)
    assert (positions >= 0).all()
    assert (positions[:, 0] < len(sizes)).all()
    assert (positions[:, 1:] % scale == 0).all()
    assert (positions[:, 1:] + 8 <= np.array(sizes)[positions[:, 0]]).all()


def test_every_scene_and_every_place_has_its_turn() -> None:
    positions = draw([(12, 13), (9, 8)], 2000, 8, 2, 0)
    seen = {tuple(row) for row in positions.tolist()}
    assert seen == {(0, r, c) for r in (0, 2, 4) for c in (0, 2, 4)} | {(1, 0, 0)}
    share = (positions[:, 0] == 1).mean()
    assert share == pytest.approx(0.5, abs=0.05)


def test_a_scene_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(RequestError, match=r"31 x 60 pixels is smaller than a patch of 32 x 32"):
        draw([(40, 40), (31, 60)], 10, 32, 2, 0)
    with pytest.raises(RequestError, match="--scenes"):
        PatchBank(
            [random(2, 40, 20)],
            EIGHT_BIT.degradation(2),
            count=3,
            size=32,
            seed=0,
            device=torch.device("cpu"),
        )


def test_scenes_of_different_bands_are_refused() -> None:
    with pytest.raises(RequestError, match="number of bands"):
        PatchBank(
            [random(2, 40, 40), random(3, 40, 40)],
            EIGHT_BIT.degradation(2),
            count=3,
            size=32,
            seed=0,
            device=torch.device("cpu"),
        )


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_gpu_gives_the_same_patches(scale: int) -> None:
    there = PatchBank(
        scenes(),
        EIGHT_BIT.degradation(scale),
        count=COUNT,
        size=32,
        seed=SEED,
        device=torch.device("cuda"),
    )
    patches = torch.arange(COUNT)
    for kind in ("upscaled", "low"):
        inputs, truth = batch_of(bank(EIGHT_BIT, scale), patches, kind)
        others, other_truth = batch_of(there, patches, kind)
        torch.testing.assert_close(others.cpu(), inputs, rtol=0, atol=2 * UPSCALED)
        # A GPU divides by 255 by multiplying with its reciprocal.
        torch.testing.assert_close(other_truth.cpu(), truth, rtol=0, atol=EPS / 2)
