"""VDSR: twenty layers that learn a residual."""

import pytest
import torch
from torch import nn

from tests.benchmark.support import network_method, problem, random
from tests.methods.support import SHAPE, estimate, size_of


def test_it_has_as_many_parameters_as_published() -> None:
    assert size_of(network_method("vdsr").network(problem(2, 1))) == 665_921


def test_it_has_twenty_layers_of_three_by_three() -> None:
    network = network_method("vdsr").network(problem(4, 1))
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert len(layers) == 20
    assert {layer.kernel_size for layer in layers} == {(3, 3)}
    assert sum(isinstance(layer, nn.ReLU) for layer in network.modules()) == 19


@pytest.mark.parametrize(("scale", "bands"), [(2, 1), (3, 7), (4, 31)])
def test_it_keeps_the_size(scale: int, bands: int) -> None:
    assert estimate("vdsr", scale, bands).shape == (bands, *SHAPE)


def test_it_gives_the_input_where_the_residual_is_nothing() -> None:
    network = network_method("vdsr").network(problem(2, 1))
    x = random(2, 1, 9, 11)
    with torch.no_grad():
        assert not torch.equal(network(x), x)
        for parameter in list(network.parameters())[-2:]:
            parameter.zero_()
        assert torch.equal(network(x), x)


def test_weights_start_by_hes_rule_and_biases_at_nothing() -> None:
    torch.manual_seed(0)
    network = network_method("vdsr").network(problem(2, 1))
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    for layer in layers[1:-1]:
        expected = (2 / (64 * 9)) ** 0.5
        assert float(layer.weight.detach().std()) == pytest.approx(expected, rel=0.02)
        assert layer.bias is not None
        assert float(layer.bias.detach().abs().max()) == 0
