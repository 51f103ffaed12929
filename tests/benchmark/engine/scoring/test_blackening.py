"""Blackening an estimate never buys a score.

What holds for any cubes: a black spectrum is never nearer to the truth than another by SAM, and a
black value never by the squared error unless the estimate was more than twice the truth. (A value
above twice the truth is farther from it than 0 is: there, 0 is the better estimate.)
"""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import Tensor

from benchmark.dataset import DATASETS
from benchmark.errors import RequestError
from benchmark.plugins.discovery import discover
from tests.benchmark.engine.scoring.support import scores
from tests.benchmark.metrics.support import metric
from tests.benchmark.support import EIGHT_BIT, examples, random

ROUNDING = 1e-9  # of sums in float64
REAL = ("balloons", "watercolors")
LOWER_IS_BETTER = ("sam", "sam_float", "ergas", "rmse")

many = settings(examples, max_examples=100)
shapes = st.tuples(st.integers(1, 4), st.integers(1, 12), st.integers(1, 12))
parts = st.floats(-0.25, 1.25, width=32) | st.sampled_from([0.0, 1 / 255, 3 / 255, 0.4 / 255, 1.0])


@st.composite
def cases(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor]:
    """Draw an estimate, a truth, and the values to blacken: dark ones, random ones, whole bands."""
    shape = draw(shapes)
    cubes = arrays.arrays(np.float32, shape, elements=parts, fill=parts)
    estimate, truth = (torch.from_numpy(draw(cubes)) for _ in range(2))
    truth = truth.clamp(0, 1)
    if draw(st.booleans()):  # an estimate that is good for something
        estimate = truth + draw(st.floats(0, 0.2)) * (estimate - 0.5)
    seed, share = draw(st.integers(0, 1000)), draw(st.floats(0, 1))
    masks = {
        "dark": estimate.amax(0, keepdim=True).expand(shape) < share,
        "dark in truth": truth.amax(0, keepdim=True).expand(shape) < share,
        "dark values": estimate < share,
        "pixels": (random(1, *shape[1:], seed=seed) < share).expand(shape),
        "values": random(*shape, seed=seed) < share,
        "bands": (random(shape[0], 1, 1, seed=seed) < share).expand(shape),
        "all": torch.ones(shape, dtype=torch.bool),
    }
    return estimate, truth, masks[draw(st.sampled_from(sorted(masks)))]


def grey(cube: Tensor) -> Tensor:
    """Round to 8-bit grey levels, as the scores do."""
    return torch.round(cube.clamp(0, 1) * 255)


@given(case=cases())
@many
def test_black_spectra_never_lower_an_angle(case: tuple[Tensor, Tensor, Tensor]) -> None:
    estimate, truth, mask = case
    whole = mask.all(dim=0)
    before, after = scores(estimate, truth, 2), scores(estimate.masked_fill(whole, 0), truth, 2)
    assert after["skipped"] == before["skipped"]
    if (grey(truth) > 0).any():
        assert after["sam"] >= before["sam"] - ROUNDING
    if (truth > 0).any():
        assert after["sam_float"] >= before["sam_float"] - ROUNDING


@given(case=cases())
@many
def test_black_values_never_lower_an_error_unless_twice_the_truth_was_exceeded(
    case: tuple[Tensor, Tensor, Tensor],
) -> None:
    estimate, truth, mask = case
    fair = mask & (grey(estimate) <= 2 * grey(truth))
    before, after = scores(estimate, truth, 2), scores(estimate.masked_fill(fair, 0), truth, 2)
    assert after["psnr"] <= before["psnr"] + ROUNDING
    for name in ("rmse", "ergas"):
        assert after[name] >= before[name] * (1 - ROUNDING)


@given(case=cases(), factor=st.floats(0, 2))
@examples
def test_a_black_band_is_never_more_similar_than_one_of_up_to_twice_the_brightness(
    case: tuple[Tensor, Tensor, Tensor], factor: float
) -> None:
    truth = case[1].double()
    chosen = case[2].flatten(1).all(dim=1)[:, None, None]
    estimate = factor * truth
    for name in ("ssim", "ssim_uniform", "ssim_matlab"):
        after = metric(name, estimate.masked_fill(chosen, 0), truth)
        assert after <= metric(name, estimate, truth) + ROUNDING


@given(truth=shapes.flatmap(lambda shape: arrays.arrays(np.float32, shape, elements=parts)))
@many
def test_a_black_estimate_is_as_bad_as_angles_get(truth: np.ndarray) -> None:
    original = torch.from_numpy(truth).clamp(0, 1)
    found = scores(torch.zeros_like(original), original, 2)
    assert found["sam"] == (90 if (grey(original) > 0).any() else 0)
    assert found["sam_float"] == (90 if (original > 0).any() else 0)


@cache
def real(name: str) -> tuple[Tensor, Tensor]:
    """Return a real scene's centre, interpolated from x2 and as it is; skip if not at hand."""
    discover([DATASETS])
    cave = DATASETS.make("cave")
    try:
        scene = cave.open(Path(os.environ.get("HSISR_DATA", "data")), [name]).read(name)
    except RequestError as error:
        pytest.skip(str(error))
    cube = torch.from_numpy(scene.cube[64:320, 64:320].astype(np.float32) / scene.peak)
    truth = cube.permute(2, 0, 1).contiguous()
    degradation = EIGHT_BIT.degradation(2)
    low = degradation.low(degradation.store(truth))
    return degradation.upscale(low, (256, 256)).clamp(0, 1), truth


@pytest.mark.parametrize("name", REAL)
def test_no_metric_of_a_real_scene_is_bought_by_blackening(name: str) -> None:
    estimate, truth = real(name)
    level = 255 * estimate
    brightness = level.mean(dim=0)
    pixels = {
        "the dark 2 %": brightness < brightness.quantile(0.02),
        "the dark 85 %": brightness < brightness.quantile(0.85),
        "the bright half": brightness > brightness.median(),
        "every ninth": random(*brightness.shape) < 1 / 9,
    }
    before = scores(estimate, truth, 2)
    for what, mask in pixels.items():
        after = scores(estimate.masked_fill(mask, 0), truth, 2)
        assert after["skipped"] == before["skipped"], what
        for angle in ("sam", "sam_float"):
            assert after[angle] > before[angle] + 30 * float(mask.double().mean()), what
        fair = mask & (grey(estimate) <= 2 * grey(truth))
        after = scores(estimate.masked_fill(fair, 0), truth, 2)
        assert after["psnr"] < before["psnr"], what
        assert after["ssim"] < before["ssim"], what
        assert after["ergas"] > before["ergas"], what
        assert after["rmse"] > before["rmse"], what
    for what, values in {
        "values below 20 levels": level < 20,
        "the first band": torch.arange(31)[:, None, None] == 0,
        "a band in the middle": torch.arange(31)[:, None, None] == 15,
        "every other band": torch.arange(31)[:, None, None] % 2 == 0,
    }.items():
        after = scores(estimate.masked_fill(values, 0), truth, 2)
        assert after["psnr"] < before["psnr"], what
        assert after["ssim"] < before["ssim"], what
        for error in LOWER_IS_BETTER:
            assert after[error] > before[error], (what, error)
