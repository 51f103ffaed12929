"""Methods that use the ground truth while they estimate fail the leakage check."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from torch import Tensor

from benchmark.method import Method, Problem, State
from tests.benchmark.tools.conformance.methods.support import (
    faulty,
    network_of,
    reason_of,
    upscaling,
)


def wrapping(change: Callable[[Tensor, Tensor], object]) -> Callable[..., State]:
    """Return a `fit` that lets the degradation call this function with truth and image."""

    def fit(_self: Method, _scenes: object, problem: Problem) -> State:
        degradation: Any = problem.degradation
        original = degradation.low

        def low(truth: Tensor) -> Tensor:
            made: Tensor = original(truth)
            change(truth, made)
            return made

        degradation.low = low
        return {}

    return fit


def test_a_method_that_records_the_truth_in_the_degradation() -> None:
    truths: list[Tensor] = []
    cls = faulty(
        fit=wrapping(lambda truth, _: truths.append(truth)),
        upscale=lambda _self, low, _problem, _state: truths[-1] if truths else low,
    )
    assert reason_of(cls, "truth-unreachable") == "its estimate changes with the ground truth"


def test_a_method_whose_degradation_writes_the_truth_into_the_input() -> None:
    cls = faulty(fit=wrapping(lambda truth, low: low[0, 0, 0].copy_(truth[0, 5, 5])))
    reason = reason_of(cls, "truth-unreachable")
    assert reason == "it changes the degradation: a scene gets another low-resolution image"


@pytest.mark.parametrize("network", [True, False])
def test_a_method_that_inspects_the_stack_frames_of_its_callers(network: bool) -> None:
    def found(low: Tensor) -> Tensor:
        frame = sys._getframe()
        while frame := frame.f_back:  # type: ignore[assignment]
            if "truth" in frame.f_locals:
                return low + float(frame.f_locals["truth"].mean())
        return low

    cls = upscaling(lambda low, _: found(low))
    if network:
        cls = network_of(lambda layers, x: layers.layer(x) if layers.training else x + found(x))
    assert reason_of(cls, "truth-unreachable") == "its estimate changes with the ground truth"
