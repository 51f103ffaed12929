"""What must hold of the metrics for any cubes, black, constant and absurd ones included."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import Tensor

from benchmark.metric import METRICS
from tests.benchmark.engine.scoring.support import scores as score
from tests.benchmark.metrics.support import metric, sam
from tests.benchmark.support import examples, random

LARGEST = float(np.finfo(np.float32).max)
SYMMETRIC = ("psnr", "sam", "sam_float", "ssim", "rmse", "skipped")
ANGLES = ("sam", "sam_float", "skipped")

many = settings(examples, max_examples=100)
shapes = st.tuples(st.integers(1, 4), st.integers(1, 13), st.integers(1, 13))
parts = st.floats(0, 1, width=32) | st.sampled_from([0.0, 0.5, 1.0, 1 / 255, 0.5 / 255])
anything = st.floats(-LARGEST, LARGEST, width=32) | parts
levels = st.integers(0, 255)


def cubes(elements: st.SearchStrategy[float], count: int = 2) -> st.SearchStrategy[list[Tensor]]:
    """Draw float32 cubes of one shape; many of their values are the same, some cubes constant."""

    def of(shape: tuple[int, int, int]) -> st.SearchStrategy[list[Tensor]]:
        filled = arrays.arrays(np.float32, shape, elements=elements, fill=elements)
        constant = elements.map(lambda value: np.full(shape, value, np.float32))
        one = (filled | constant).map(torch.from_numpy)
        return st.lists(one, min_size=count, max_size=count)

    return shapes.flatmap(of)


def grey(seed: int, *shape: int) -> Tensor:
    """Draw a cube of grey levels, each of them as likely."""
    return torch.floor(random(*shape, seed=seed) * 256)


def black(cube: Tensor) -> Tensor:
    """Return which pixels are zero in every band, (rows, columns)."""
    return (cube == 0).all(dim=0)


@given(pair=cubes(parts), factors=st.tuples(*[st.floats(1e-30, 1e30)] * 2))
@many
def test_sam_does_not_depend_on_the_brightness_of_a_cube(
    pair: list[Tensor], factors: tuple[float, float]
) -> None:
    x, y = (cube.double() for cube in pair)
    before, after = sam(x, y), sam(factors[0] * x, factors[1] * y)
    assert after[0] == pytest.approx(before[0], abs=1e-5)
    assert after[1] == before[1]


@given(pair=cubes(parts), seed=st.integers(0, 1000))
@many
def test_sam_does_not_depend_on_the_brightness_of_a_pixel(pair: list[Tensor], seed: int) -> None:
    x, y = (cube.double() for cube in pair)
    lamp = 100 * random(1, *x.shape[1:], seed=seed).double() + 0.01
    assert sam(x, lamp * y)[0] == pytest.approx(sam(x, y)[0], abs=1e-5)
    assert sam(lamp * x, y)[1] == sam(x, y)[1]


@given(pair=cubes(parts))
@many
def test_sam_is_the_angle_of_lines_of_any_brightness(pair: list[Tensor]) -> None:
    x, y = pair
    angle, skipped = sam(x, 0.25 * x)
    assert angle == pytest.approx(0, abs=1e-5)
    assert skipped == int(black(x).sum())
    assert 0 <= sam(x, y)[0] <= 90


@given(pair=cubes(anything))
@many
def test_metrics_are_symmetric_where_they_should_be(pair: list[Tensor]) -> None:
    x, y = pair
    if torch.equal(black(x), black(y)):
        assert sam(x, y) == sam(y, x)
    dead = [(cube == 0).flatten(1).all(dim=1) for cube in pair]
    for name in ("psnr", "rmse", *(["mpsnr"] if torch.equal(*dead) else [])):
        assert metric(name, x, y, peak=255) == metric(name, y, x, peak=255)


@given(pair=cubes(parts), scale=st.integers(2, 4))
@many
def test_all_scores_but_ergas_are_symmetric(pair: list[Tensor], scale: int) -> None:
    x, y = pair
    one, other = score(x, y, scale), score(y, x, scale)
    levels_of = [torch.round(cube * 255) for cube in pair]
    same = torch.equal(black(x), black(y)) and torch.equal(*map(black, levels_of))
    for name in SYMMETRIC if same else set(SYMMETRIC) - set(ANGLES):
        assert one[name] == pytest.approx(other[name], abs=1e-12), name


@given(small=st.floats(0.01, 1), more=st.floats(1.01, 10), seed=st.integers(0, 1000))
@many
def test_a_louder_error_is_a_lower_psnr_by_its_decibels(
    small: float, more: float, seed: int
) -> None:
    truth = random(2, 6, 7, seed=seed).double()
    noise = random(2, 6, 7, seed=seed + 1).double() - 0.5
    little, much = truth + small * noise, truth + small * more * noise
    assert metric("psnr", little, truth) - metric("psnr", much, truth) == pytest.approx(
        20 * math.log10(more)
    )
    for name in ("rmse", "ergas"):
        assert metric(name, little, truth) < metric(name, much, truth)
    assert metric("mpsnr", little, truth) > metric("mpsnr", much, truth)


@given(shape=shapes, seed=st.integers(0, 1000), data=st.data())
@many
def test_a_larger_error_in_one_value_is_a_lower_psnr(
    shape: tuple[int, int, int], seed: int, data: st.DataObject
) -> None:
    x, truth = grey(seed, *shape), grey(seed + 1, *shape)
    truth.clamp_(1, 254)
    worse = x.clone()
    place = data.draw(st.integers(0, x.numel() - 1))
    error = x.flatten()[place] - truth.flatten()[place]
    worse.view(-1)[place] += 1.0 if error >= 0 else -1.0
    assert metric("psnr", worse, truth, peak=255) < metric("psnr", x, truth, peak=255)
    for name in ("rmse", "ergas"):
        assert metric(name, worse, truth, peak=255) > metric(name, x, truth, peak=255)


@given(pair=cubes(parts), steps=st.lists(st.floats(0, 1), min_size=2, max_size=6))
@many
def test_the_way_to_the_truth_never_lowers_the_psnr(pair: list[Tensor], steps: list[float]) -> None:
    """Clipping and rounding to 8 bit included."""
    start, truth = pair
    away = 3 * (start - 0.5)  # also outside of [0, 1]
    values = [
        score(truth + part * (away - truth), truth, 2)["psnr"] for part in sorted([*steps, 0.0])
    ]
    assert values == sorted(values, reverse=True)
    assert values[0] == math.inf


@given(estimate=cubes(anything), truth=cubes(parts), scale=st.integers(2, 4))
@many
def test_no_score_is_ever_nan_or_out_of_its_range(
    estimate: list[Tensor], truth: list[Tensor], scale: int
) -> None:
    for x, y in ((estimate[0], estimate[1].clamp(0, 1)), (10 * truth[0] - 5, truth[1])):
        scores = score(x, y, scale)
        assert not any(math.isnan(value) for value in scores.values())
        assert 0 <= scores["psnr"] <= math.inf
        assert 0 <= scores["sam"] <= 90
        assert 0 <= scores["sam_float"] <= 90
        assert -1 <= scores["ssim"] <= 1 + 1e-12
        assert 0 <= scores["ergas"] < math.inf
        assert 0 <= scores["rmse"] <= 255
        assert 0 <= scores["skipped"] <= x[0].numel()


@given(values=st.lists(st.sampled_from([0.0, 1.0, 2.0, 255.0]), min_size=24, max_size=24))
@examples
def test_no_metric_of_few_grey_levels_is_ever_nan(values: list[float]) -> None:
    x, y = torch.tensor(values).view(2, 2, 2, 3)
    numbers = {entry.name: metric(entry.name, x, y, peak=255) for entry in METRICS}
    assert not any(math.isnan(number) for number in numbers.values())
    assert 0 <= numbers["sam"] <= 90
    for name in ("ssim", "ssim_uniform", "ssim_matlab", "cc"):
        assert numbers[name] <= 1 + 1e-12


@given(cube=cubes(parts, 1))
@many
def test_nothing_is_better_than_the_truth(cube: list[Tensor]) -> None:
    (x,) = cube
    scores = score(x, x, 2)
    assert scores.pop("ssim") == pytest.approx(1, abs=1e-12)
    assert scores == {
        "psnr": math.inf,
        "sam": 0,
        "sam_float": 0,
        "ergas": 0,
        "rmse": 0,
        "skipped": int(black(torch.round(x * 255)).sum()),
    }


@given(pair=cubes(levels), seed=st.integers(0, 1000))
@examples
def test_the_order_of_pixels_and_bands_does_not_count(pair: list[Tensor], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    bands, rows, columns = pair[0].shape
    band = torch.randperm(bands, generator=generator)
    pixel = torch.randperm(rows * columns, generator=generator)
    x, y = pair
    p, q = (cube.flatten(1)[band][:, pixel].view_as(cube) for cube in pair)
    for name in ("psnr", "mpsnr", "rmse", "ergas", "cc", "sam"):
        expected = metric(name, x, y, peak=255)
        assert metric(name, p, q, peak=255) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert sam(p, q)[1] == sam(x, y)[1]
    for name in ("ssim", "ssim_uniform", "ssim_matlab"):
        expected = metric(name, x, y, peak=255)
        assert metric(name, x[band], y[band], peak=255) == pytest.approx(expected, abs=1e-9)
        turned = [cube.flip(1).transpose(1, 2) for cube in (x, y)]
        assert metric(name, *turned, peak=255) == pytest.approx(expected, abs=1e-9)
