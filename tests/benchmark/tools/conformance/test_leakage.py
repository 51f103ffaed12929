"""Methods that use the ground truth while they estimate fail the leakage check."""

import sys
from collections.abc import Iterable
from typing import Any

import pytest
from torch import Tensor

from benchmark.method import Method, Problem, State
from tests.benchmark.tools.conformance.support import Sound, network_of, reason_of, upscaling


def test_a_method_that_records_the_truth_in_the_degradation() -> None:
    kept: list[Tensor] = []

    class Records(Sound):
        """Wraps the engine's degradation."""

        def fit(self, scenes: Iterable[Tensor], problem: Problem) -> State:
            degradation: Any = problem.degradation
            honest = degradation.low

            def low(truth: Tensor) -> Tensor:
                kept[:] = [truth]
                made: Tensor = honest(truth)
                return made

            degradation.low = low
            return {}

        def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
            return kept[0] if kept else low

    assert reason_of(Records, "truth-unreachable") == "its estimate changes with the ground truth"


def test_a_method_that_lets_the_degradation_write_the_truth_into_its_input() -> None:
    class Forges(Sound):
        """Lets the degradation hide a value of the truth in the image."""

        def fit(self, scenes: Iterable[Tensor], problem: Problem) -> State:
            degradation: Any = problem.degradation
            honest = degradation.low

            def low(truth: Tensor) -> Tensor:
                made: Tensor = honest(truth)
                made[0, 0, 0] = truth[0, 5, 5]
                return made

            degradation.low = low
            return {}

    reason = reason_of(Forges, "truth-unreachable")
    assert reason == "it changes the degradation: a scene gets another low-resolution image"


@pytest.mark.parametrize("network", [True, False])
def test_a_method_that_inspects_the_stack_frames_of_its_callers(network: bool) -> None:
    def found(low: Tensor) -> Tensor:
        frame = sys._getframe()
        while frame := frame.f_back:  # type: ignore[assignment]
            if "truth" in frame.f_locals:
                return low + float(frame.f_locals["truth"].mean())
        return low

    faulty: type[Method] = upscaling(lambda low, _: found(low))
    if network:
        faulty = network_of(
            lambda layers, x: x + found(x) if not layers.training else layers.layer(x)
        )
    assert reason_of(faulty, "truth-unreachable") == "its estimate changes with the ground truth"
