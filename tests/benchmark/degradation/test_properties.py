"""What must hold of every protocol's degradation for any image, size and scale."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from benchmark.degradation.degradation import Degradation
from tests.benchmark.degradation.support import (
    NAMES,
    SHIFTED,
    STORED,
    degradation_of,
    every_protocol,
)
from tests.benchmark.support import examples, random

DIGIT = 2**-24  # the last digit of float32 below 1
SUMS = 1e-12  # what the order of a few dozen sums in float64 costs, of values up to 1
LEVEL = 1 / 255
# Sizes of weights add up to at most 1.375 an axis without antialiasing (half-way between two
# samples, a = -0.75): the low-resolution image of values up to 1 may reach its square.
GAIN = 1.375**2

many = settings(examples, max_examples=100)
scales = st.sampled_from([2, 3, 4, 8])
sizes = st.integers(1, 60)
seeds = st.integers(0, 1000)
names = st.sampled_from(NAMES)
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


@given(a=st.floats(0, 1), seed=seeds, scale=scales, rows=sizes, columns=sizes, name=names)
@many
def test_degradation_is_linear_until_it_is_stored(
    a: float, seed: int, scale: int, rows: int, columns: int, name: str
) -> None:
    first, second = (random(2, rows, columns, seed=seed + i) for i in range(2))
    mixture = (a * first.double() + (1 - a) * second.double()).float()
    # Six roundings: of the mixture, of three low images (two at less than whole weight) and of the
    # two products and the sum of what is expected; half a digit each, of values up to GAIN.
    roundings = 3 * 2 * GAIN * DIGIT + SUMS
    low = degradation_of(name, scale).low
    expected = a * low(first) + (1 - a) * low(second)
    tolerance = roundings + (LEVEL if name in STORED else 0)
    torch.testing.assert_close(low(mixture), expected, rtol=0, atol=tolerance)


@given(
    factor=st.floats(0, 1),
    image=images,
    scale=scales,
    name=st.sampled_from([n for n in NAMES if n not in STORED]),
)
@many
def test_a_darker_image_is_degraded_to_a_darker_one(
    factor: float, image: Tensor, scale: int, name: str
) -> None:
    low = degradation_of(name, scale).low
    expected = (factor * low(image).double()).float()
    darker = (factor * image.double()).float()
    torch.testing.assert_close(low(darker), expected, rtol=0, atol=4 * GAIN * DIGIT + SUMS)


@given(size=st.integers(1, 90), scale=scales, value=st.floats(0, 1, width=32), name=names)
@many
def test_constants_stay_constant(size: int, scale: int, value: float, name: str) -> None:
    degradation = degradation_of(name, scale)
    value = float(degradation.store(torch.tensor(value)))
    low = degradation.low(torch.full((1, size, 5), value))
    torch.testing.assert_close(low, torch.full_like(low, value), rtol=0, atol=DIGIT)
    back = degradation.upscale(torch.full_like(low, value).double(), (size, 5))
    torch.testing.assert_close(
        back.double(), torch.full((1, size, 5), value).double(), rtol=0, atol=DIGIT
    )


@given(rows=sizes, columns=sizes, scale=scales, level=st.integers(0, 255))
@many
def test_a_constant_grey_level_stays_exactly_that_level(
    rows: int, columns: int, scale: int, level: int
) -> None:
    value = torch.tensor(level, dtype=torch.float32) / 255
    low = degradation_of("wang2017", scale).low(value.expand(2, rows, columns))
    assert torch.equal(low, value.expand_as(low))


@given(image=images, scale=scales, name=st.sampled_from(SHIFTED))
@many
def test_a_blur_leaves_nothing_outside_the_range_of_the_image(
    image: Tensor, scale: int, name: str
) -> None:
    degradation = degradation_of(name, scale)
    stored = degradation.store(image)
    low = degradation.low(stored)
    assert float(low.min()) >= max(float(stored.min()) - DIGIT, 0)
    assert float(low.max()) <= min(float(stored.max()) + DIGIT, 1)
    white = degradation.low(torch.ones_like(image))
    assert torch.equal(white, torch.ones_like(white))


@given(image=images, seed=seeds, scale=scales, name=st.sampled_from(SHIFTED))
@many
def test_a_brighter_image_is_never_blurred_to_a_darker_one(
    image: Tensor, seed: int, scale: int, name: str
) -> None:
    degradation = degradation_of(name, scale)
    brighter = torch.maximum(image, random(*image.shape, seed=seed + 1))
    darker, bright = (degradation.low(degradation.store(one)) for one in (image, brighter))
    assert bool((bright >= darker - DIGIT).all())
    if name in STORED:
        assert bool((bright >= darker).all())


@given(image=images, seed=seeds, scale=scales, name=names)
@many
def test_scenes_and_bands_are_the_same_alone_and_together(
    image: Tensor, seed: int, scale: int, name: str
) -> None:
    degradation = degradation_of(name, scale)
    scenes = [degradation.store(one) for one in (image, random(*image.shape, seed=seed + 1))]
    alone = [degradation.low(scene) for scene in scenes]
    together = degradation.low(torch.cat(scenes))
    assert torch.equal(together, torch.cat(alone))
    assert torch.equal(
        together, torch.cat([degradation.low(band[None]) for band in torch.cat(scenes)])
    )
    shape, together = (image.shape[1], image.shape[2]), together.double()
    enlarged = torch.cat([degradation.upscale(band[None], shape) for band in together])
    torch.testing.assert_close(
        degradation.upscale(together, shape), enlarged, rtol=0, atol=2 * DIGIT
    )


@given(image=images, scale=scales, name=names)
@many
def test_rows_are_treated_as_columns(image: Tensor, scale: int, name: str) -> None:
    degradation = degradation_of(name, scale)
    turned = degradation.low(degradation.store(image).transpose(1, 2)).transpose(1, 2)
    low = degradation.low(degradation.store(image))
    torch.testing.assert_close(turned, low, rtol=0, atol=2 * DIGIT)


@given(steps=st.integers(0, 7), across=sizes, scale=scales, seed=seeds, axis=st.integers(1, 2))
@many
def test_flips_commute_where_the_last_sample_is_kept(
    steps: int, across: int, scale: int, seed: int, axis: int
) -> None:
    """Samples 0, s, 2s... are kept: seen from the other end the same where s divides size - 1."""
    image = random(2, steps * scale + 1, across, seed=seed)
    image = image if axis == 1 else image.transpose(1, 2)
    assert flips_apart(degradation_of("wang2017-float", scale), image, axis) <= DIGIT
    eight_bit = degradation_of("wang2017", scale)
    assert flips_apart(eight_bit, eight_bit.store(image), axis) == 0
    shape = (image.shape[1], image.shape[2])
    low, turned = (eight_bit.low(eight_bit.store(one)) for one in (image, image.flip(axis)))
    flipped = eight_bit.upscale(turned.double(), shape)
    expected = eight_bit.upscale(low.double(), shape).flip(axis)
    torch.testing.assert_close(flipped, expected, rtol=0, atol=SUMS)


@given(
    steps=st.integers(1, 7),
    across=sizes,
    scale=scales,
    seed=seeds,
    axis=st.integers(1, 2),
    name=st.sampled_from([n for n in NAMES if n not in SHIFTED]),
)
@many
def test_flips_of_cropped_images_always_commute_without_a_shift(
    steps: int, across: int, scale: int, seed: int, axis: int, name: str
) -> None:
    degradation = degradation_of(name, scale)
    image = random(2, steps * scale, across, seed=seed)
    image = image if axis == 1 else image.transpose(1, 2)
    assert flips_apart(degradation, image, axis) <= 2 * DIGIT
    shape, low = (image.shape[1], image.shape[2]), degradation.low(image).double()
    flipped = degradation.upscale(low.flip(axis), shape).flip(axis)
    torch.testing.assert_close(flipped, degradation.upscale(low, shape), rtol=0, atol=2 * DIGIT)


@given(size=st.integers(2, 60), scale=scales, axis=st.integers(1, 2))
@many
def test_flips_of_a_shifted_image_do_not_commute_elsewhere(
    size: int, scale: int, axis: int
) -> None:
    if (size - 1) % scale == 0:
        size += 1
    degradation = degradation_of("wang2017-float", scale)
    least = 1e-5 if size == 2 else 1e-3  # two pixels are all but averaged by the blur
    assert flips_apart(degradation, impulse(size, axis), axis) > least


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_flips_of_scenes_with_512_rows_do_not_commute(scale: int) -> None:
    """511 is a multiple of 7 alone: a flipped patch cannot stand for a flipped scene."""
    degradation = degradation_of("wang2017-float", scale)
    assert flips_apart(degradation, random(1, 512, 16), 1) > 0.01


@given(rows=st.integers(1, 99), columns=st.integers(1, 99), scale=scales, name=names, seed=seeds)
@many
def test_upscaling_commutes_with_every_flip(
    rows: int, columns: int, scale: int, name: str, seed: int
) -> None:
    degradation = degradation_of(name, scale)
    size = (degradation.low_size(rows), degradation.low_size(columns))
    low = random(2, *size, seed=seed).double()
    up = degradation.upscale(low, (rows, columns))
    for axes in ((1,), (2,), (1, 2)):
        flipped = degradation.upscale(low.flip(axes), (rows, columns)).flip(axes)
        torch.testing.assert_close(flipped, up, rtol=0, atol=2 * DIGIT)


@given(scale=scales, samples=st.integers(1, 5), seed=seeds, name=names)
@many
def test_the_low_image_moves_with_the_picture(
    scale: int, samples: int, seed: int, name: str
) -> None:
    """By whole samples, and where the kernel lies inside: 12 pixels or two samples around one."""
    shift, size = samples * scale, 32 * scale
    degradation = degradation_of(name, scale)
    wide = degradation.store(random(1, size + shift, 16, seed=seed))
    here, moved = degradation.low(wide[:, :size]), degradation.low(wide[:, shift:])
    border = max(-(-12 // scale), 3)
    inner = slice(border, 32 - border - samples)
    later = slice(inner.start + samples, inner.stop + samples)
    assert inner.stop - inner.start >= 8
    torch.testing.assert_close(moved[:, inner], here[:, later], rtol=0, atol=2 * DIGIT)


@given(values=st.lists(st.floats(0, 1, width=32), min_size=2, max_size=30), name=names)
@many
def test_storing_keeps_the_order_and_does_nothing_twice(values: list[float], name: str) -> None:
    degradation = degradation_of(name, 2)
    stored = degradation.store(torch.tensor(sorted(values)))
    assert bool((stored.diff() >= 0).all())
    assert torch.equal(degradation.store(stored), stored)


@every_protocol
def test_the_numbers_of_a_protocol_do_not_depend_on_its_use(name: str) -> None:
    """The matrices are cached; nobody may have modified them."""
    degradation = degradation_of(name, 4)
    before = degradation.axis(40).clone(), degradation.up_axis(40).clone()
    truth = degradation.ground_truth(random(2, 40, 40))
    low = degradation.low(truth)
    degradation.upscale(low, (40, 40))
    degradation.adjoint(low, (40, 40))
    degradation.commutes_with_flips(40, "upscaled")
    assert torch.equal(degradation.axis(40), before[0])
    assert torch.equal(degradation.up_axis(40), before[1])
