"""A method that gets at the ground truth while it estimates is found out."""

import sys
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from torch import Tensor

from benchmark.method import Method, Problem, State
from tests.benchmark.tools.conformance.support import Sound, network_of, reason_of, upscaling


def test_a_method_that_has_the_degradation_tell_it_the_truth() -> None:
    kept: list[Tensor] = []

    class Listens(Sound):
        """Puts itself between the engine and its degradation."""

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

    assert reason_of(Listens, "truth-unreachable") == "its estimate changes with the ground truth"


def test_a_method_that_has_the_truth_written_into_its_input() -> None:
    class Forges(Sound):
        """Makes the degradation hide a value of the truth in the image."""

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
    assert reason == "it changes the degradation: a scene's low-resolution image is another"


@pytest.mark.parametrize("network", [True, False])
def test_a_method_that_looks_into_its_callers(network: bool) -> None:
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


@pytest.mark.parametrize(
    ("hide", "path"),
    [
        (lambda problem, image: object.__setattr__(problem, "truth", image), "problem.truth"),
        (
            lambda problem, image: setattr(problem.degradation, "kept", [{"a": image.numpy()}]),
            "problem.degradation.kept[0]['a']",
        ),
        (
            lambda problem, image: setattr(problem.degradation, "ask", lambda: image),
            "problem.degradation.ask",
        ),
        (
            lambda problem, image: setattr(problem.degradation, "ask", lambda x=image: x),
            "problem.degradation.ask",
        ),
    ],
)
def test_an_image_in_the_problem(hide: Callable[[Any, Tensor], None], path: str) -> None:
    def estimate(low: Tensor, problem: Problem) -> Tensor:
        hide(problem, low)
        return low

    reason = reason_of(upscaling(estimate), "truth-unreachable")
    assert reason == f"an image lies in the problem: {path}"
