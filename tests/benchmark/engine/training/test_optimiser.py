"""Learning rates of layers: relative to the size of their weights, lower for biases."""

import math
from typing import Any

import pytest
import torch
from torch import nn

from benchmark.engine.training import optimiser
from benchmark.method import Recipe


def scales(network: nn.Module, recipe: Recipe) -> dict[str, float]:
    """Return the relative learning rate of every parameter."""
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    groups: list[dict[str, Any]] = optimiser.build(network, recipe).param_groups
    return {names[id(p)]: group["lr_scale"] for group in groups for p in group["params"]}


def test_biases_take_a_tenth_of_their_layers_rate() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 1, 5))
    first, second = math.sqrt(2 / 9), math.sqrt(2 / 100)
    assert scales(network, Recipe(lr_by_fan_in=True)) == pytest.approx(
        {
            "0.weight": first,
            "0.bias": first / 10,
            "1.weight": second,
            "1.bias": second / 10,
        }
    )


def test_a_layer_without_a_matrix_takes_a_tenth_of_the_rate() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4))
    made = scales(network, Recipe(lr_by_fan_in=True))
    assert made == pytest.approx({"0.weight": math.sqrt(2 / 9), "1.weight": 0.1, "1.bias": 0.1})


def test_other_recipes_have_one_rate_and_one_of_the_last_layer() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 1, 5))
    made = scales(network, Recipe(optimiser="sgd", last_layer_lr=0.1))
    assert made == pytest.approx({"0.weight": 1, "0.bias": 1, "1.weight": 0.1, "1.bias": 0.1})


def test_every_parameter_is_trained_once_where_layers_share_weights() -> None:
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    groups = optimiser.build(nn.Sequential(first, second), Recipe(lr_by_fan_in=True)).param_groups
    trained = [parameter for group in groups for parameter in group["params"]]
    assert len(trained) == len(set(map(id, trained))) == 3
    assert all(isinstance(parameter, torch.Tensor) for parameter in trained)
