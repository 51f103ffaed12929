"""A training follows its recipe exactly: optimiser, rates, gradients, initial weights."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from benchmark.data.split import Split
from benchmark.engine.inference.building import start
from benchmark.engine.training.loop import TrainingTask, train
from benchmark.engine.training.optimiser import he_scale
from benchmark.method import NetworkMethod, Problem, Recipe
from tests.benchmark.engine.training.support import Given, ShortPaper, gained, trained, weight_of
from tests.benchmark.support import (
    CPU,
    EPS,
    Gain,
    SamePatches,
    network_method,
    problem,
    random,
    reordered,
)


@pytest.mark.parametrize("reference", ["srcnn", "espcn", "vdsr", "proposed[subnetworks=2]"])
@pytest.mark.parametrize("scale", [2, 3])
def test_the_papers_own_recipes_run(tiny: Split, reference: str, scale: int) -> None:
    profile = ShortPaper("paper", "", patches=6, patch=12)
    made = trained(tiny, reference, profile, scale=scale)
    assert made.steps >= 2
    assert all(math.isfinite(row["loss"]) for row in made.history)
    again = trained(tiny, reference, profile, scale=scale)
    for name, tensor in made.state.items():
        assert torch.equal(tensor, again.state[name]), name


def test_a_recipe_of_single_bands_counts_every_band_as_a_sample(tiny: Split) -> None:
    profile = ShortPaper("paper", "", patches=6, patch=24)
    made = trained(tiny, "srcnn", profile)  # 6 patches of 5 bands, 12 a step, 2 epochs
    assert made.steps == 4


def by_hand(recipe: Recipe, steps: int) -> float:
    """Train the one weight in plain numbers: decayed, clipped, with momentum."""
    x = random(1, 2, 6, 6).double() / 4
    mean = float(x.square().mean())
    times = x[0].numel() / 2 if recipe.loss_reduction == "sum" else 1
    weight, speed = 0.5, 0.0
    for _ in range(steps):
        slope = 2 * (weight - 2) * mean * times
        if recipe.clip_norm:  # torch adds 1e-6 to the norm
            slope *= min(1, recipe.clip_norm / (abs(slope) + 1e-6))
        if recipe.adjustable_clip:
            limit = recipe.adjustable_clip / recipe.lr
            slope = max(-limit, min(limit, slope))
        speed = recipe.momentum * speed + slope + recipe.weight_decay * weight
        weight -= recipe.lr * speed
    return weight


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"momentum": 0.0},
        {"weight_decay": 0.3},
        {"loss_reduction": "sum", "lr": 0.01},
        {"clip_norm": 1e-2},
        {"adjustable_clip": 1e-3},
        {"adjustable_clip": 1e-3, "weight_decay": 0.3, "momentum": 0.5},
    ],
)
def test_stochastic_gradient_descent_is_that_of_the_papers(changes: dict[str, Any]) -> None:
    recipe = replace(
        Recipe(optimiser="sgd", lr=0.1, batch_size=1, epochs=5, schedule="constant"), **changes
    )
    expected = by_hand(recipe, 5)
    # Slopes are sums of 72 terms in float32; five times a weight below 2 is rounded.
    rounding = reordered(72) * abs(expected - 0.5) + 5 * EPS
    assert weight_of(gained(recipe)) == pytest.approx(expected, abs=rounding)
    assert abs(expected - 0.5) > 1e-3


def test_adam_decays_and_steps_as_pytorchs_own() -> None:
    recipe = Recipe(lr=0.01, batch_size=1, epochs=6, schedule="constant", weight_decay=0.2,
                    beta2=0.9)  # fmt: skip
    x = random(1, 2, 6, 6) / 4
    weight = nn.Parameter(torch.tensor([[0.5]]))
    optimiser = torch.optim.Adam([weight], lr=0.01, betas=(0.9, 0.9), weight_decay=0.2)
    for _ in range(6):
        optimiser.zero_grad()
        functional.mse_loss(x * weight, 2 * x).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    # Six times two weights below 1 are rounded, half of EPS / 2 each.
    assert weight_of(gained(recipe)) == pytest.approx(weight.item(), abs=6 * EPS / 2)


def test_the_rate_of_the_history_follows_the_schedule() -> None:
    recipe = Recipe(optimiser="sgd", lr=0.1, batch_size=1, epochs=6, schedule="step", step_size=2)
    rates = [row["rate"] for row in gained(recipe).history]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_a_plateau_decays_the_rate_and_then_ends_training() -> None:
    """The weight starts at the best place and is pulled away: no validation is better."""
    recipe = Recipe(optimiser="sgd", lr=0.1, momentum=0.0, batch_size=1, epochs=50,
                    schedule="plateau", patience=2, stop_lr=1e-3)  # fmt: skip
    made = gained(recipe, first=1.0, best=1.0)
    rates = [row["rate"] for row in made.history]
    assert rates == pytest.approx([0.1] * 3 + [0.01] * 2 + [0.001] * 2)
    assert made.steps == 7


def test_training_ends_without_improvement() -> None:
    recipe = Recipe(optimiser="sgd", lr=0.1, batch_size=1, epochs=50, schedule="constant",
                    early_stopping_patience=4)  # fmt: skip
    assert gained(recipe, first=1.0, best=1.0).steps == 5


def test_the_last_layer_has_a_rate_of_its_own() -> None:
    class Two(NetworkMethod):
        def network(self, problem: Problem) -> nn.Module:
            return nn.Sequential(Gain(1.0), Gain(1.0))

    x = random(1, 2, 6, 6)
    recipe = Recipe(optimiser="sgd", lr=0.1, momentum=0.0, batch_size=1, epochs=1,
                    schedule="constant", last_layer_lr=0.25)  # fmt: skip
    profile = Given("given", "", patches=1, by=recipe)
    made = train(TrainingTask(Two(), problem(2, 2), profile, 0, SamePatches(x, 2 * x, 1)), CPU)
    first, last = (float(made.state[f"{i}.weight"]) - 1 for i in (0, 1))
    assert first > 0
    # Both weights, a little above 1, were rounded.
    assert last == pytest.approx(first / 4, rel=reordered(72), abs=EPS)


def test_relative_rates_follow_the_size_of_each_layers_weights() -> None:
    class Two(NetworkMethod):
        def network(self, problem: Problem) -> nn.Module:
            layers = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 1, 5, padding=2)
            for layer in layers:
                nn.init.constant_(layer.weight, 0.1)
            return nn.Sequential(*layers)

    x = random(1, 1, 6, 6) + 0.1
    recipe = Recipe(lr=1e-3, lr_by_fan_in=True, batch_size=1, epochs=1, schedule="constant")
    profile = Given("given", "", patches=1, by=recipe)
    made = train(TrainingTask(Two(), problem(2, 1), profile, 0, SamePatches(x, -x, 1)), CPU)
    # Adam's first step is the rate itself, against the slope.
    for name, fan_in in (("0", 9), ("1", 100)):
        moved = made.state[f"{name}.weight"] - 0.1
        expected = torch.full_like(moved, -1e-3 * math.sqrt(2 / fan_in))
        torch.testing.assert_close(moved, expected, rtol=1e-3, atol=0)


def test_unit_gradients_have_length_one_whatever_the_loss() -> None:
    class Two(NetworkMethod):
        def network(self, problem: Problem) -> nn.Module:
            return nn.Sequential(Gain(1.0), Gain(1.0))

    for size in (1e-3, 1e3):
        x = size * random(1, 2, 6, 6)
        recipe = Recipe(
            optimiser="sgd",
            lr=0.1,
            momentum=0.0,
            batch_size=1,
            epochs=1,
            schedule="constant",
            normalise_gradient=True,
        )
        profile = Given("given", "", patches=1, by=recipe)
        made = train(TrainingTask(Two(), problem(2, 2), profile, 0, SamePatches(x, 2 * x, 1)), CPU)
        # Both weights have the same slope: each takes a share of 1 / sqrt(2).
        for i in (0, 1):
            moved = float(made.state[f"{i}.weight"]) - 1
            assert moved == pytest.approx(0.1 / math.sqrt(2), rel=reordered(72), abs=EPS)


def test_the_size_of_a_layer_is_hes_rule() -> None:
    layer = nn.Conv2d(8, 16, 3)
    assert he_scale(list(layer.parameters())) == pytest.approx(math.sqrt(2 / 72))
    assert he_scale([torch.ones(16), torch.ones(16)]) == 0.1


def test_weights_start_from_the_recipes_deviation() -> None:
    torch.manual_seed(0)
    network = start(network_method("srcnn[middle=5]"), problem(2, 31), Recipe(init_std=1e-3))
    weights = torch.cat([p.detach().flatten() for p in network.parameters() if p.dim() > 1])
    assert float(weights.std()) == pytest.approx(1e-3, rel=0.02)
    assert float(weights.mean()) == pytest.approx(0, abs=2e-5)
    assert all(float(p.detach().abs().max()) == 0 for p in network.parameters() if p.dim() == 1)


def test_every_layer_with_weights_starts_from_the_recipes_deviation() -> None:
    class Layers(NetworkMethod):
        def network(self, problem: Problem) -> nn.Module:
            return nn.ModuleList(
                [
                    nn.Conv2d(16, 32, 3),
                    nn.Conv3d(16, 32, 3),
                    nn.ConvTranspose2d(16, 32, 3),
                    nn.Linear(64, 64),
                    weight_norm(nn.Conv2d(16, 32, 3)),
                ]
            )

    torch.manual_seed(0)
    layers: Any = start(Layers(), problem(2, 31), Recipe(init_std=1e-3))
    for layer in layers:
        assert float(layer.weight.detach().std()) == pytest.approx(1e-3, rel=0.05)
        assert not layer.bias.any()
        assert all(parameter.requires_grad for parameter in layer.parameters())
