"""Learning rates of layers: relative to the size of their weights, lower for biases."""

import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import weight_norm as older_weight_norm
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from benchmark.engine.training import optimiser
from benchmark.method import Recipe


def scales(network: nn.Module, recipe: Recipe) -> dict[str, float]:
    """Return the relative learning rate of every parameter."""
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    (built,) = optimiser.build(network, recipe)
    groups: list[dict[str, Any]] = built.param_groups
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


@pytest.mark.parametrize("kind", [nn.Conv2d, nn.Conv3d])
def test_a_normalised_layer_is_one_layer(kind: type[nn.Module]) -> None:
    """Directions take the rate of weights; lengths that of the size they have by He's rule."""
    network = nn.Sequential(weight_norm(kind(4, 8, 3)), weight_norm(kind(8, 8, 1, bias=False)))
    fan = 4 * 3 ** (2 if kind is nn.Conv2d else 3)
    weight = "parametrizations.weight.original"
    assert scales(network, Recipe(lr_by_fan_in=True)) == pytest.approx(
        {
            f"0.{weight}0": math.sqrt(2),
            f"0.{weight}1": math.sqrt(2 / fan),
            "0.bias": math.sqrt(2 / fan) / 10,
            f"1.{weight}0": math.sqrt(2),
            f"1.{weight}1": math.sqrt(2 / 8),
        }
    )


def test_the_rate_of_the_last_layer_is_that_of_all_its_parameters() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3), weight_norm(nn.Conv2d(4, 1, 5)))
    made = scales(network, Recipe(last_layer_lr=0.1))
    assert {name: rate for name, rate in made.items() if rate != 1} == {
        "1.bias": 0.1,
        "1.parametrizations.weight.original0": 0.1,
        "1.parametrizations.weight.original1": 0.1,
    }


def test_other_parametrizations_are_trained_like_weights() -> None:
    layer = nn.Linear(8, 4)
    spectral_norm(layer)
    rate = math.sqrt(2 / 8)
    assert scales(layer, Recipe(lr_by_fan_in=True)) == pytest.approx(
        {"parametrizations.weight.original": rate, "bias": rate / 10}
    )


class Attention(nn.Module):
    """A module that declares parameters of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(6, 1, 1))
        self.layer_scale = nn.Parameter(torch.ones(1, 32, 1, 1))
        self.mixing = nn.Parameter(torch.ones(4, 8))
        self.gain = nn.Parameter(torch.ones(()))
        self.norm = nn.LayerNorm(32)
        self.activation = nn.PReLU()
        self.depthwise = nn.Conv2d(32, 32, 1, groups=32, bias=False)


def test_what_starts_at_one_takes_a_tenth_of_the_rate() -> None:
    made = scales(Attention(), Recipe(lr_by_fan_in=True))
    matrix = math.sqrt(2 / 8)
    assert made == pytest.approx(
        {
            "temperature": 0.1,
            "layer_scale": 0.1,
            "mixing": matrix,
            "gain": matrix / 10,  # beside a matrix, like a bias
            "norm.weight": 0.1,
            "norm.bias": 0.1,
            "activation.weight": 0.1,
            "depthwise.weight": math.sqrt(2),
        }
    )


def test_other_recipes_have_one_rate_and_one_of_the_last_layer() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 1, 5))
    made = scales(network, Recipe(optimiser="sgd", last_layer_lr=0.1))
    assert made == pytest.approx({"0.weight": 1, "0.bias": 1, "1.weight": 0.1, "1.bias": 0.1})


def test_every_parameter_is_trained_once_where_layers_share_weights() -> None:
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    (built,) = optimiser.build(nn.Sequential(first, second), Recipe(lr_by_fan_in=True))
    groups = built.param_groups
    trained = [parameter for group in groups for parameter in group["params"]]
    assert len(trained) == len(set(map(id, trained))) == 3
    assert all(isinstance(parameter, torch.Tensor) for parameter in trained)


@pytest.mark.filterwarnings("ignore:.*weight_norm. is deprecated:FutureWarning")
def test_the_older_weight_normalisation_has_the_rates_of_the_newer() -> None:
    """As in public code of the field: `weight_g` is the length, `weight_v` the direction."""
    network = nn.Sequential(older_weight_norm(nn.Conv2d(4, 8, 3)))
    size = math.sqrt(2 / 36)
    expected = {"0.weight_g": math.sqrt(2), "0.weight_v": size, "0.bias": size / 10}
    assert scales(network, Recipe(lr_by_fan_in=True)) == pytest.approx(expected)


def test_a_gain_in_a_list_is_a_gain() -> None:
    network = nn.Sequential(
        nn.Conv2d(4, 8, 3), nn.ParameterList([nn.Parameter(torch.ones(8, 1, 1))])
    )
    assert scales(network, Recipe(lr_by_fan_in=True))["1.0"] == 0.1


@pytest.mark.parametrize("groups", [4, nn.ModuleList()])
def test_a_module_of_ones_own_may_have_groups(groups: object) -> None:
    """Only a convolution's are matrices of their own."""

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.groups = groups
            self.table = nn.Parameter(torch.ones(225, 6))

    (built,) = optimiser.build(Attention(), Recipe(optimiser="muon"))
    assert [group["blocks"] for group in built.param_groups] == [1]
