"""Convolutions down to one channel give what torch's own give."""

import pytest
import torch
from torch import nn

from benchmark.engine.cpu import SingleChannelConv2d, factorise_single_channel
from tests.benchmark.support import random


@pytest.mark.parametrize("side", [3, 5, 9])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(12, 17), (2, 1), (3, 40)])
def test_output_and_gradients_are_those_of_the_layer(
    side: int, bias: bool, shape: tuple[int, int]
) -> None:
    torch.manual_seed(side)
    layer = nn.Conv2d(16, 1, side, padding=side // 2, bias=bias).double()
    x = random(2, 16, *shape).double().requires_grad_()
    expected = layer(x)
    found_by_layer = torch.autograd.grad(expected.square().sum(), [x, *layer.parameters()])
    factorise_single_channel(layer)
    assert type(layer) is SingleChannelConv2d
    found = layer(x)
    assert torch.allclose(found, expected, rtol=0, atol=1e-12)
    gradients = torch.autograd.grad(found.square().sum(), [x, *layer.parameters()])
    for one, other in zip(gradients, found_by_layer, strict=True):
        assert torch.allclose(one, other, rtol=1e-10, atol=1e-12)


def test_bfloat16_rounds_no_worse_than_torch_by_much() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(64, 1, 5, padding=2)
    x = random(4, 64, 32, 32)
    exact = layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        plain = (layer(x).float() - exact).square().mean().sqrt()
        factorise_single_channel(layer)
        ours = (layer(x).float() - exact).square().mean().sqrt()
    assert ours < 2 * plain
    assert plain > 0


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(16, 2, 3, padding=1),
        nn.Conv2d(8, 1, 3, padding=1),
        nn.Conv2d(16, 1, 1),
        nn.Conv2d(16, 1, 3),
        nn.Conv2d(16, 1, 4, padding=2),
        nn.Conv2d(16, 1, (3, 5), padding=(1, 2)),
        nn.Conv2d(16, 1, 3, padding=1, stride=2),
        nn.Conv2d(16, 1, 3, padding=1, dilation=2),
        nn.Conv2d(16, 1, 3, padding=1, padding_mode="reflect"),
        nn.ConvTranspose2d(16, 1, 3, padding=1),
    ],
)
def test_other_layers_are_left_alone(layer: nn.Module) -> None:
    kind = type(layer)
    factorise_single_channel(layer)
    assert type(layer) is kind


def test_names_and_weights_stay() -> None:
    network = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.Conv2d(16, 1, 3, padding="same"))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    factorise_single_channel(network)
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert [type(layer) for layer in network] == [nn.Conv2d, SingleChannelConv2d]
