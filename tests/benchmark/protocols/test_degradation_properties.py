"""What must hold of the degradation for any image, size and scale."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from benchmark.protocols.degradation import Degradation
from benchmark.protocols.interpolation import upscale
from benchmark.protocols.protocol import Protocol
from tests.benchmark.support import EIGHT_BIT, FLOAT, examples, random

DIGIT = 2**-24  # the last digit of float32 below 1
SUMS = 1e-12  # what the order of a few dozen sums in float64 costs, of values up to 1
LEVEL = 1 / 255

many = settings(examples, max_examples=100)
scales = st.integers(2, 4)
sizes = st.integers(1, 60)
seeds = st.integers(0, 1000)
protocols = st.sampled_from([FLOAT, EIGHT_BIT])
images = st.builds(
    lambda seed, bands, rows, columns: random(bands, rows, columns, seed=seed),
    seeds,
    st.integers(1, 4),
    sizes,
    sizes,
)


def impulse(size: int, axis: int) -> Tensor:
    """Make an image whose first row (axis 1) or column (axis 2) is white, and all else black."""
    image = torch.zeros(1, size, size)
    image.select(axis, 0).fill_(1)
    return image


def flips_apart(degradation: Degradation, image: Tensor, axis: int) -> float:
    """Return how far a flip before the degradation and a flip behind it differ at most."""
    before, behind = degradation.low(image.flip(axis)), degradation.low(image).flip(axis)
    return float((before - behind).abs().max())


@given(a=st.floats(0, 1), seed=seeds, scale=scales, rows=sizes, columns=sizes)
@many
def test_degradation_is_linear_until_it_is_stored(
    a: float, seed: int, scale: int, rows: int, columns: int
) -> None:
    first, second = (random(2, rows, columns, seed=seed + i) for i in range(2))
    mixture = (a * first.double() + (1 - a) * second.double()).float()
    # Six roundings: of the mixture, of three low images (two at less than whole weight) and of the
    # two products and the sum of what is expected; half a digit each.
    roundings = 3 * DIGIT + SUMS
    for protocol, tolerance in ((FLOAT, roundings), (EIGHT_BIT, LEVEL + roundings)):
        low = Degradation(protocol, scale).low
        expected = a * low(first) + (1 - a) * low(second)
        torch.testing.assert_close(low(mixture), expected, rtol=0, atol=tolerance)


@given(factor=st.floats(0, 1), image=images, scale=scales)
@many
def test_a_darker_image_is_degraded_to_a_darker_one(
    factor: float, image: Tensor, scale: int
) -> None:
    low = Degradation(FLOAT, scale).low
    expected = (factor * low(image).double()).float()
    darker = (factor * image.double()).float()
    torch.testing.assert_close(low(darker), expected, rtol=0, atol=2 * DIGIT + SUMS)


@given(size=st.integers(1, 90), scale=scales, value=st.floats(0, 1, width=32))
@many
def test_constants_stay_constant(size: int, scale: int, value: float) -> None:
    degradation = Degradation(FLOAT, scale)
    sums = degradation.axis(size).sum(dim=1)
    torch.testing.assert_close(sums, torch.ones_like(sums), rtol=0, atol=1e-14)
    constant = torch.full((1, size, 5), value)
    low = degradation.low(constant)
    torch.testing.assert_close(low, torch.full_like(low, value), rtol=0, atol=DIGIT)
    back = upscale(constant.double()[:, ::scale, ::scale], (size, 5))
    torch.testing.assert_close(back, constant.double(), rtol=0, atol=SUMS)


@given(rows=sizes, columns=sizes, scale=scales, level=st.integers(0, 255))
@many
def test_a_constant_grey_level_stays_exactly_that_level(
    rows: int, columns: int, scale: int, level: int
) -> None:
    value = torch.tensor(level, dtype=torch.float32) / 255
    low = Degradation(EIGHT_BIT, scale).low(value.expand(2, rows, columns))
    assert torch.equal(low, value.expand_as(low))


@given(image=images, scale=scales, protocol=protocols)
@many
def test_nothing_leaves_the_range_of_the_image(
    image: Tensor, scale: int, protocol: Protocol
) -> None:
    degradation = Degradation(protocol, scale)
    stored = degradation.store(image)
    low = degradation.low(stored)
    assert float(low.min()) >= max(float(stored.min()) - DIGIT, 0)
    assert float(low.max()) <= min(float(stored.max()) + DIGIT, 1)
    white = degradation.low(torch.ones_like(image))
    assert torch.equal(white, torch.ones_like(white))


@given(image=images, seed=seeds, scale=scales, protocol=protocols)
@many
def test_a_brighter_image_is_never_darker_anywhere(
    image: Tensor, seed: int, scale: int, protocol: Protocol
) -> None:
    degradation = Degradation(protocol, scale)
    brighter = torch.maximum(image, random(*image.shape, seed=seed + 1))
    darker, bright = (degradation.low(degradation.store(one)) for one in (image, brighter))
    assert bool((bright >= darker - DIGIT).all())
    if protocol.eight_bit:
        assert bool((bright >= darker).all())


@given(image=images, seed=seeds, scale=scales, protocol=protocols)
@many
def test_scenes_and_bands_are_the_same_alone_and_together(
    image: Tensor, seed: int, scale: int, protocol: Protocol
) -> None:
    degradation = Degradation(protocol, scale)
    scenes = [degradation.store(one) for one in (image, random(*image.shape, seed=seed + 1))]
    alone = [degradation.low(scene) for scene in scenes]
    together = degradation.low(torch.cat(scenes))
    assert torch.equal(together, torch.cat(alone))
    assert torch.equal(
        together, torch.cat([degradation.low(band[None]) for band in torch.cat(scenes)])
    )
    shape, together = (image.shape[1], image.shape[2]), together.double()
    enlarged = torch.cat([upscale(band[None], shape) for band in together])
    torch.testing.assert_close(upscale(together, shape), enlarged, rtol=0, atol=SUMS)


@given(image=images, scale=scales, protocol=protocols)
@many
def test_rows_are_treated_as_columns(image: Tensor, scale: int, protocol: Protocol) -> None:
    degradation = Degradation(protocol, scale)
    turned = degradation.low(degradation.store(image).transpose(1, 2)).transpose(1, 2)
    low = degradation.low(degradation.store(image))
    torch.testing.assert_close(turned, low, rtol=0, atol=DIGIT)


@given(steps=st.integers(0, 15), across=sizes, scale=scales, seed=seeds, axis=st.integers(1, 2))
@many
def test_flips_commute_where_the_last_sample_is_kept(
    steps: int, across: int, scale: int, seed: int, axis: int
) -> None:
    """Samples 0, s, 2s... are kept: seen from the other end the same where s divides size - 1."""
    image = random(2, steps * scale + 1, across, seed=seed)
    image = image if axis == 1 else image.transpose(1, 2)
    assert flips_apart(Degradation(FLOAT, scale), image, axis) <= DIGIT
    eight_bit = Degradation(EIGHT_BIT, scale)
    assert flips_apart(eight_bit, eight_bit.store(image), axis) == 0
    shape = (image.shape[1], image.shape[2])
    low, turned = (eight_bit.low(eight_bit.store(one)) for one in (image, image.flip(axis)))
    flipped = upscale(turned.double(), shape)
    expected = upscale(low.double(), shape).flip(axis)
    torch.testing.assert_close(flipped, expected, rtol=0, atol=SUMS)


@given(size=st.integers(2, 60), scale=scales, axis=st.integers(1, 2))
@many
def test_flips_do_not_commute_elsewhere(size: int, scale: int, axis: int) -> None:
    if (size - 1) % scale == 0:
        size += 1
    degradation = Degradation(FLOAT, scale)
    least = 1e-5 if size == 2 else 1e-3  # two pixels are all but averaged by the blur
    assert flips_apart(degradation, impulse(size, axis), axis) > least


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_flips_of_scenes_with_512_rows_do_not_commute(scale: int) -> None:
    """511 is a multiple of 7 alone: a flipped patch cannot stand for a flipped scene."""
    assert flips_apart(Degradation(FLOAT, scale), random(1, 512, 16), 1) > 0.01


@given(low=images, rows=st.integers(1, 99), columns=st.integers(1, 99))
@many
def test_upscaling_commutes_with_every_flip(low: Tensor, rows: int, columns: int) -> None:
    low = low.double()
    up = upscale(low, (rows, columns))
    for axes in ((1,), (2,), (1, 2)):
        flipped = upscale(low.flip(axes), (rows, columns)).flip(axes)
        torch.testing.assert_close(flipped, up, rtol=0, atol=SUMS)


@given(scale=scales, samples=st.integers(1, 5), seed=seeds)
@many
def test_the_low_image_moves_with_the_picture(scale: int, samples: int, seed: int) -> None:
    """By whole samples, and where the kernel's 12 pixels to either side are inside."""
    shift = samples * scale
    wide = random(1, 80 + shift, 50, seed=seed)
    low = Degradation(FLOAT, scale).low
    here, moved = low(wide[:, :80]), low(wide[:, shift:])
    inner = slice(-(-12 // scale), (80 - 12 - shift) // scale)
    later = slice(inner.start + samples, inner.stop + samples)
    assert inner.stop - inner.start >= 8
    torch.testing.assert_close(moved[:, inner], here[:, later], rtol=0, atol=DIGIT)


@given(values=st.lists(st.floats(0, 1, width=32), min_size=2, max_size=30), protocol=protocols)
@many
def test_storing_keeps_the_order_and_does_nothing_twice(
    values: list[float], protocol: Protocol
) -> None:
    degradation = Degradation(protocol, 2)
    stored = degradation.store(torch.tensor(sorted(values)))
    assert bool((stored.diff() >= 0).all())
    assert torch.equal(degradation.store(stored), stored)
