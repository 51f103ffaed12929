"""Estimates of methods that are no networks: stochastic ones follow from the cell's seed."""

from dataclasses import replace

import torch
from torch import Tensor

from benchmark.engine.inference.estimation import estimator
from benchmark.engine.training import profiles
from benchmark.method import Method, Problem, State
from tests.benchmark.support import CPU, problem


class Drawing(Method):
    """Draws from the global generator, as a careless stochastic method may."""

    stochastic = True

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Add noise."""
        return low + torch.rand(low.shape)


def test_a_stochastic_methods_estimate_follows_from_the_seed_and_disturbs_nobody() -> None:
    task = problem(2, 3)
    estimate = estimator(Drawing(), task, {}, profiles.get("quick"), CPU)
    images, before = {"upscaled": torch.zeros(3, 8, 8)}, torch.get_rng_state()
    first, again, other = (estimate(images, replace(task, seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)
