"""Weights in 16 bits: half the bytes where they hold the values, otherwise as they were."""

import pytest
import torch

from benchmark.engine.training.rounding import rounded
from tests.benchmark.support import random


@pytest.mark.parametrize("size", [6.2e-5, 1e-3, 1.0, 6e4])
def test_weights_that_float16_holds_move_by_half_a_step_at_most(size: float) -> None:
    weights = size * (1 + random(300))[:150].clamp(max=1.09)
    made = rounded({"weight": weights})["weight"]
    assert made.dtype == torch.float16
    assert ((made.double() - weights.double()) / weights.double()).abs().max() <= 2.0**-11
    assert (made.float() != weights).any()


@pytest.mark.parametrize("size", [1e-5, 1e-9, 7e4, 1e30], ids=str)
def test_weights_that_it_does_not_hold_stay_as_they_are(size: float) -> None:
    weights = size * (random(64) - 0.5)
    weights[0] = size
    assert rounded({"weight": weights})["weight"] is weights


def test_a_few_small_values_among_others_cost_nothing() -> None:
    weights = random(64)
    weights[:8] *= 1e-7
    assert rounded({"weight": weights})["weight"].dtype == torch.float16


def test_zeros_and_no_values_are_held() -> None:
    state = {"zeros": torch.zeros(3), "none": torch.zeros(0)}
    assert [one.dtype for one in rounded(state).values()] == [torch.float16, torch.float16]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_stays_as_it_is(bad: float) -> None:
    weights = torch.tensor([1.0, bad])
    assert rounded({"weight": weights})["weight"] is weights


def test_counters_and_other_types_stay_as_they_are() -> None:
    state = {
        "steps": torch.tensor(3),
        "double": torch.tensor([0.1], dtype=torch.float64),
        "brain": torch.tensor([0.1], dtype=torch.bfloat16),
    }
    made = rounded(state)
    assert all(made[name] is state[name] for name in state)


def test_rounding_again_changes_nothing() -> None:
    once = rounded({"weight": random(64)})
    assert rounded(once)["weight"] is once["weight"]
