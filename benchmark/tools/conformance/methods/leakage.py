"""The leakage check: the ground truth cannot reach a method while it estimates."""

import torch
from torch import Tensor

from benchmark.engine.inference.estimation import method_inputs
from benchmark.method import Problem
from benchmark.tools.conformance.check import Check, identical, require
from benchmark.tools.conformance.methods.harness import MethodHarness, scene

ROUNDING = 1e-6  # of the low-resolution image of two truths, of values up to 1


def truth_unreachable(harness: MethodHarness) -> None:
    """Estimates depend on the low-resolution image alone, not on its ground truth.

    One low-resolution image is estimated three times: before any ground truth exists, and, in the
    engine's order of calls, with two ground truths that differ in what the degradation removes.
    """
    problem = harness.problem()
    inputs = method_inputs(harness.method, problem.degradation, _truth(problem, 0.0))
    # A new problem, as a method may modify its degradation in `fit`.
    asked = harness.problem()
    estimate = harness.estimator(asked, harness.learn(problem=asked).state)
    alone = estimate({name: image.clone() for name, image in inputs.items()}, asked).clone()
    for detail in (0.1, -0.1):
        truth = _truth(asked, detail)
        made = method_inputs(harness.method, asked.degradation, truth)
        changed = "it changes the degradation: a scene gets another low-resolution image"
        for name, image in inputs.items():
            require(torch.allclose(made[name], image, rtol=0, atol=ROUNDING), changed)
            made[name].copy_(image)  # the same bits, where the protocol does not round
        with_truth = estimate(made, asked)
        require(identical(alone, with_truth), "its estimate changes with the ground truth")


def _truth(problem: Problem, detail: float) -> Tensor:
    """Make a scene with added detail in the null space of blur and decimation."""
    rows, columns = (
        torch.linalg.svd(problem.degradation.axis(size))[2][-1] for size in problem.shape
    )
    pattern = torch.outer(rows / rows.abs().max(), columns / columns.abs().max())
    plain = 0.2 + 0.6 * scene(problem.bands, problem.shape, seed=1)
    return plain + detail * pattern.float()


CHECKS: dict[str, Check] = {"truth-unreachable": truth_unreachable}
