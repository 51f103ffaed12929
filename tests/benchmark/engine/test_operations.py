"""Multiplications of networks, counted against their layers by hand."""

import pytest
import torch
from torch import nn

from benchmark.engine.operations import (
    counter,
    multiplications_of_layers,
    multiplications_per_pixel,
)
from tests.benchmark.support import network_method, problem


@pytest.mark.parametrize(
    ("reference", "scale", "expected"),
    [
        ("srcnn", 2, 81 * 64 + 64 * 32 + 25 * 32),
        ("vdsr", 3, 9 * 64 + 18 * 9 * 64 * 64 + 9 * 64),
        ("espcn", 2, (25 * 64 + 9 * 64 * 32 + 9 * 32 * 4) / 4),
    ],
)
def test_a_band_wise_network_is_counted_for_one_band(
    reference: str, scale: int, expected: float
) -> None:
    method, task = network_method(reference), problem(scale, 5)
    network = method.network(problem(scale, 1))
    assert multiplications_per_pixel(method, network, task, 24) == expected


def test_a_network_of_all_bands() -> None:
    method, task = network_method("proposed[subnetworks=1]"), problem(2, 5)
    network = method.network(problem(2, 5))
    expected = 81 * 5 * 96 + 9 * 96 * 64 + 25 * 64 * 5
    assert multiplications_per_pixel(method, network, task, 24) == expected


@pytest.mark.parametrize("reference", ["espcn", "vdsr", "edsr[maps=8,blocks=1]", "fcnn3d"])
def test_layers_are_all_that_is_counted_where_there_is_no_other_product(reference: str) -> None:
    method, task = network_method(reference), problem(2, 5)
    network = method.network(problem(2, 1 if method.bandwise else 5))
    counted = multiplications_of_layers(method, network, task, 16)
    assert counted == multiplications_per_pixel(method, network, task, 16)
    assert counted == multiplications_of_layers(method, network, task, 16)  # no hook is left


def test_counting_changes_neither_mode_nor_random_state_nor_weights() -> None:
    method = network_method("srcnn")
    network = method.network(problem(2, 1))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    multiplications_per_pixel(method, network, problem(2, 5), 16)
    assert network.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("layer", "multiplications"),
    [
        (nn.Conv2d(4, 6, 3, padding=1), 4 * 6 * 9 * 64),
        (nn.Conv2d(4, 8, 3, padding=1, stride=2), 4 * 8 * 9 * 16),
        (nn.Conv2d(4, 8, 3, padding=1, groups=4), 8 * 9 * 64),
        (nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1), 4 * 6 * 16 * 64),
        (nn.ConvTranspose2d(4, 8, 2, stride=2, groups=2), 4 * 4 * 4 * 64),
    ],
    ids=str,
)
def test_each_gradient_of_a_convolution_costs_as_much_as_the_layer(
    layer: nn.Module, multiplications: int
) -> None:
    for wanted in (False, True):
        x = torch.zeros(2, 4, 8, 8, requires_grad=wanted)
        with counter() as found:
            layer(x).sum().backward()
        assert found.get_total_flops() == 2 * 2 * multiplications * (3 if wanted else 2)
