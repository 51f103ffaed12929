"""Checks of a metric's values."""

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.metric import BandPair
from tests.benchmark.tools.conformance.metrics.support import checks_of, of_band, reason_of


def ratio(pair: BandPair) -> Tensor:
    """Divide the error by the truth's mean: NaN for a perfect estimate of a black band."""
    return (pair.estimate - pair.truth).abs().mean() / pair.truth.mean()


@pytest.mark.parametrize("bands", [1, 7, 31])
def test_a_value_that_is_not_finite(bands: int) -> None:
    member = of_band(lambda pair: pair.truth.mean() / 0)
    reason = reason_of(f"bands-{bands}", of_band=member)
    assert reason == "the value is inf, expected a finite number"


def test_an_error_with_one_band_only() -> None:
    def of_scene(_self: Any, values: Tensor, _image: Any) -> float:
        return float(values.diff().abs().sum() / (len(values) - 1))

    reason = reason_of("bands-1", of_scene=of_scene)
    assert reason == "ZeroDivisionError: float division by zero" or "NaN" in reason
    assert checks_of(of_scene=of_scene).check("bands-7").outcome == "passed"


def test_a_direction_that_is_the_wrong_one() -> None:
    reason = reason_of("perfect-is-best", higher=True)
    assert reason.startswith("wang2017: a perfect estimate has 0, one with errors 0.00")
    assert reason.endswith("; higher is True")
    assert reason_of("worse-is-worse", higher=True).startswith("under wang2017 growing noise gives")


def test_a_metric_that_stops_counting() -> None:
    member = of_band(lambda pair: (pair.estimate - pair.truth).abs().mean().clamp_max(0.04))
    assert checks_of(of_band=member).check("perfect-is-best").outcome == "passed"
    reason = reason_of("worse-is-worse", of_band=member)
    assert reason.endswith("0.04, 0.04; higher is False")


def test_an_infinite_value_of_a_perfect_estimate_is_allowed_in_one_direction() -> None:
    inverse = of_band(lambda pair: 1 / pair.squared_error)
    checks = checks_of(of_band=inverse, higher=True)
    for name in ("perfect-is-best", "worse-is-worse", "degenerate-images"):
        assert str(checks.check(name)) == f"{name}: passed"


def test_a_value_that_is_not_a_number_for_a_black_scene() -> None:
    reason = reason_of("degenerate-images", of_band=of_band(ratio))
    assert reason == (
        "a black estimate of a black scene, wang2017: RequestError: metric 'faulty' failed: "
        "ValueError: expected a number, or infinity, of a scene, found NaN; correct it, or leave "
        "it out"
    )


def test_an_error_for_a_scene_smaller_than_a_window() -> None:
    def windowed(pair: BandPair) -> Tensor:
        windows = (pair.estimate - pair.truth).abs().unfold(0, 11, 11).unfold(1, 11, 11)
        return windows.mean()

    reason = reason_of("degenerate-images", of_band=of_band(windowed))
    assert reason.startswith(
        "a small scene, wang2017: RequestError: metric 'faulty' failed: RuntimeError: "
    )


def test_a_value_that_is_another_one_each_time() -> None:
    count = itertools.count()
    member = of_band(lambda pair: pair.squared_error * 0 + next(count))
    assert reason_of("deterministic", of_band=member).startswith("scoring twice gives ")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda pair: pair.estimate.sub_(pair.truth), "estimate"),
        (lambda pair: pair.truth.clamp_(0.2, 0.8), "truth"),
        (lambda pair: pair.squared_error.sqrt_(), "squared error"),
    ],
)
def test_a_metric_that_modifies_its_input(change: Any, what: str) -> None:
    reason = reason_of("input-not-modified", of_band=of_band(lambda pair: change(pair).mean()))
    assert reason == f"it changes the {what} of a band"


def test_a_metric_that_changes_a_setting() -> None:
    def rude(pair: BandPair) -> Tensor:
        torch.set_default_dtype(torch.float64)
        return pair.squared_error

    reason = reason_of("global-state-kept", of_band=of_band(rude))
    assert reason == "it changes the default type of torch"
