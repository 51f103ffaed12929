"""Build a method's network, with initial or with trained weights."""

from dataclasses import replace

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils.parametrize import is_parametrized

from benchmark.engine.inference.returned import network_of
from benchmark.engine.machine import seeding
from benchmark.engine.machine.device import Device
from benchmark.method import NetworkMethod, Problem, Recipe, State


def start(method: NetworkMethod, problem: Problem, recipe: Recipe) -> nn.Module:
    """Build the network with its initial weights, drawn from the global random state.

    Raises:
        TypeError: the method returned something else than a network.
        ValueError: the network has a lazy layer.
    """
    network = network_of(method.network(problem_of_network(method, problem)))
    if recipe.init_std:
        for layer in network.modules():
            if isinstance(layer, _ConvNd | nn.Linear):
                _draw(layer, recipe.init_std)
    return network


@torch.no_grad()
def _draw(layer: _ConvNd | nn.Linear, std: float) -> None:
    """Draw a layer's initial weights; those of a parametrization set what they are made of."""
    weight = torch.empty_like(layer.weight).normal_(std=std)
    if is_parametrized(layer, "weight"):
        layer.weight = weight
    else:
        layer.weight.copy_(weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def problem_of_network(method: NetworkMethod, problem: Problem) -> Problem:
    """Return the problem as a method's network meets it: with one band for a band-wise method."""
    if not method.bandwise or problem.bands == 1:
        return problem
    return replace(problem, bands=1, band_means=problem.band_means.mean()[None])


def rebuild(
    method: NetworkMethod, state: State, problem: Problem, recipe: Recipe, device: Device
) -> nn.Module:
    """Build the network with trained weights, on the device.

    The global random states are restored afterwards.

    Args:
        method: the method.
        state: the trained weights, as returned by training.
        problem: its bands and scale are used.
        recipe: the recipe of the training.
        device: where to place the network.
    """
    with seeding.seeded(0, device.torch):
        network = start(method, problem, recipe)
    network.load_state_dict(state)
    return device.place(network)
