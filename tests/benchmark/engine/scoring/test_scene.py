"""Scoring of a scene: what is clipped, what is rounded, what is refused."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.engine.scoring.scene import metrics_of, peak_of, score
from benchmark.errors import RequestError
from benchmark.metric import METRICS, BandPair, Metric, ScoredImage
from benchmark.protocol import PROTOCOLS
from tests.benchmark import oracles
from tests.benchmark.degradation.support import every_protocol
from tests.benchmark.engine.scoring.support import scores
from tests.benchmark.metrics.support import arrays, metric
from tests.benchmark.support import random


def grey(cube: Tensor) -> Tensor:
    """Round to 8-bit grey levels."""
    return torch.tensor(np.rint(cube.numpy() * np.float32(255)))


@pytest.mark.parametrize("scale", [3, 8])
def test_wang2017_rounds_both_sides_to_8_bit_after_clipping(scale: int) -> None:
    estimate, truth = 1.4 * random(3, 20, 22) - 0.2, random(3, 20, 22, seed=7)
    clipped = estimate.clamp(0, 1)
    x, y = grey(clipped), grey(truth)
    found = scores(estimate, truth, scale, "wang2017")
    assert found == scores(estimate, truth, scale, "wang2017-float")  # it rounds when it scores
    assert found == scores(estimate, truth, scale, "wang2017", clip=False)  # 8 bit have no more
    assert found == {
        **{
            name: metric(name, x, y, peak=255, scale=scale)
            for name in ("psnr", "sam", "ssim", "ergas", "rmse")
        },
        "sam_float": metric("sam", clipped, truth),
        "skipped": int(np.isnan(oracles.angles(*arrays((x, y)))).sum()),
    }
    assert found["sam"] != found["sam_float"]


@pytest.mark.parametrize("name", ["li2020", "jiang2020", "liu2023"])
@pytest.mark.parametrize("clip", [True, False])
def test_the_other_protocols_compare_what_is_not_rounded(name: str, clip: bool) -> None:
    estimate, truth = 1.4 * random(3, 20, 22) - 0.2, random(3, 20, 22, seed=7)
    compared = estimate.clamp(0, 1) if clip else estimate
    found = scores(estimate, truth, 8, name, clip=clip)
    names = PROTOCOLS.make(name).metrics
    assert list(found) == [*names, "skipped"]
    expected = oracles.scores(*arrays((compared, truth)), 8, names)
    assert {name: found[name] for name in names} == pytest.approx(expected, rel=1e-7)
    assert found["skipped"] == 0


@every_protocol
def test_scores_are_those_of_the_protocols_metrics_and_further_ones(name: str) -> None:
    protocol = PROTOCOLS.make(name)
    x, y = random(2, 12, 12), random(2, 12, 12, seed=1)
    further = [METRICS.make(one) for one in ("cc", "ergas[ratio=3]", "psnr")]
    found = score(x, y, 2, protocol, metrics_of(protocol, further))
    known = dict.fromkeys([*protocol.metrics, "cc", "ergas[ratio=3]", "psnr"])
    assert list(found) == [*known, "skipped"]  # each once
    plain = scores(x, y, 2, name)
    assert {key: found[key] for key in plain} == plain
    assert peak_of(protocol) == (255 if name.startswith("wang2017") else 1)


def test_the_same_pixels_count_for_every_estimate() -> None:
    """The 8-bit SAM leaves out what the 8-bit truth has black, `sam_float` what the truth has."""
    truth = (random(3, 6, 7) + 0.1).clamp(0, 1)
    truth[:, :2] = 0.4 / 255  # black after rounding
    truth[:, 0] = 0
    black, other = (scores(x, truth, 2) for x in (torch.zeros_like(truth), random(3, 6, 7, seed=1)))
    assert black["skipped"] == other["skipped"] == 14
    assert black["sam"] == black["sam_float"] == 90
    exact = oracles.angles(*arrays((random(3, 6, 7, seed=1), truth)))
    assert np.isnan(exact).sum() == 7
    assert other["sam_float"] == pytest.approx(np.nanmean(exact), abs=1e-5)


def test_an_error_below_half_a_grey_level_costs_nothing_in_8_bit() -> None:
    truth = torch.round(random(2, 16, 16) * 255) / 255
    found = scores(truth + 0.4 / 255, truth, 2)
    assert found["psnr"] == math.inf
    assert found["rmse"] == 0
    assert found["sam_float"] > 0
    assert scores(truth + 0.4 / 255, truth, 2, "li2020")["psnr"] < 60


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 5, 5\), expected \(2, 5, 6\)"):
        scores(torch.zeros(2, 5, 5), torch.zeros(2, 5, 6), 2)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("clip", [True, False])
def test_what_is_not_finite_is_refused(value: float, clip: bool) -> None:
    estimate = random(2, 5, 5)
    estimate[1, 2, 3] = value
    with pytest.raises(ValueError, match="NaN or infinity"):
        scores(estimate, random(2, 5, 5, seed=1), 2, "li2020", clip=clip)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bool, torch.complex64], ids=str)
def test_numbers_that_are_not_real_floats_are_refused(dtype: torch.dtype) -> None:
    estimate = torch.ones(2, 5, 5).to(dtype)
    with pytest.raises(ValueError, match=rf"are {dtype}, expected floating-point numbers from 0"):
        scores(estimate, random(2, 5, 5), 2)


@every_protocol
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_every_float_is_taken_as_float32(name: str, dtype: torch.dtype) -> None:
    truth, estimate = random(3, 20, 22), random(3, 20, 22, seed=7).to(dtype)
    assert scores(estimate, truth, 2, name) == scores(estimate.float(), truth, 2, name)


@every_protocol
def test_the_largest_and_smallest_of_float64_are_clipped_and_black(name: str) -> None:
    truth = (random(1, 12, 12) + 0.1).clamp(0, 1)
    huge = torch.full_like(truth, 1e300, dtype=torch.float64)
    assert scores(huge, truth, 2, name) == scores(torch.ones_like(truth), truth, 2, name)
    tiny = torch.full_like(truth, 1e-200, dtype=torch.float64)
    assert scores(tiny, truth, 2, name) == scores(torch.zeros_like(truth), truth, 2, name)


@every_protocol
def test_values_outside_of_0_to_1_score_as_the_nearest_inside(name: str) -> None:
    truth, estimate = random(3, 20, 22), 5 * random(3, 20, 22, seed=7) - 2
    inside = scores(estimate.clamp(0, 1), truth, 2, name)
    assert scores(estimate, truth, 2, name) == inside
    outside = scores(estimate, truth, 2, name, clip=False)
    assert (outside == inside) is name.startswith("wang2017")


@every_protocol
def test_arguments_are_left_alone(name: str) -> None:
    estimate, truth = 2 * random(2, 12, 12) - 0.5, random(2, 12, 12, seed=1)
    copies = estimate.clone(), truth.clone()
    scores(estimate, truth, 2, name, clip=False)
    assert torch.equal(estimate, copies[0])
    assert torch.equal(truth, copies[1])


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@every_protocol
def test_a_gpu_gives_the_same_scores(name: str) -> None:
    x, y = random(5, 40, 30), random(5, 40, 30, seed=1)
    here, there = scores(x, y, 2, name), scores(x.cuda(), y.cuda(), 2, name)
    assert there == pytest.approx(here, rel=1e-10)


def test_an_unclipped_estimate_beyond_float32_is_refused() -> None:
    truth = random(2, 8, 9)
    estimate = truth.double() * 1e300
    protocol = PROTOCOLS.make("li2020")
    metrics = metrics_of(protocol)
    assert math.isfinite(score(estimate, truth, 2, protocol, metrics)["psnr"])
    with pytest.raises(ValueError, match="NaN or infinity"):
        score(estimate, truth, 2, protocol, metrics, clip=False)


class Faulty(Metric):
    """Returns what it is told to."""

    name = "faulty"

    def __init__(self, fault: str) -> None:
        self.fault = fault

    def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
        if self.fault == "raises":
            raise KeyError("gone")
        if self.fault == "exits":
            raise SystemExit(3)
        if self.fault == "modifies":
            pair.truth.zero_()
        return pair.squared_error

    def of_scene(self, values: Tensor, image: ScoredImage) -> float:
        if self.fault == "nan":
            return math.nan
        return "a text" if self.fault == "text" else values  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("raises", "KeyError: 'gone'"),
        ("exits", "SystemExit: 3"),
        ("modifies", "ValueError: it modifies the images that all metrics share"),
        ("text", "ValueError: could not convert string to float: 'a text'"),
        ("nan", "ValueError: expected a number, or infinity, of a scene, found NaN"),
        ("tensor", ".*converted to Python scalars"),
    ],
)
def test_a_faulty_metric_is_named_and_not_blamed_on_the_method(
    fault: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(METRICS, "label", lambda one: one.name)
    metrics = [METRICS.make("psnr"), Faulty(fault)]
    with pytest.raises(RequestError, match=f"^metric 'faulty' failed: {expected}; correct it"):
        score(random(2, 8, 8), random(2, 8, 8, seed=1), 2, PROTOCOLS.make("li2020"), metrics)
