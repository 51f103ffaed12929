"""Convolutions that are faster on a CPU compute what torch's own do."""

from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from benchmark.engine.machine.convolutions import (
    SingleChannelConv2d,
    VolumeConvolution,
    factorise_single_channel,
    fold_volumes,
    keep_channels_last,
)
from benchmark.engine.machine.cpu import channels_last
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
    expected_gradients = torch.autograd.grad(expected.square().sum(), [x, *layer.parameters()])
    factorise_single_channel(layer)
    assert type(layer) is SingleChannelConv2d
    found = layer(x)
    assert torch.allclose(found, expected, rtol=0, atol=1e-12)
    gradients = torch.autograd.grad(found.square().sum(), [x, *layer.parameters()])
    for one, other in zip(gradients, expected_gradients, strict=True):
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


# Kernel, channels before and after, and settings of layers that are computed in another way, and
# of some that are not.
VOLUMES: list[tuple[int | tuple[int, int, int], int, int, dict[str, Any]]] = [
    ((3, 1, 1), 4, 6, {"padding": (1, 0, 0)}),
    ((5, 1, 1), 4, 6, {}),
    ((4, 1, 1), 4, 6, {"padding": (1, 0, 0)}),
    ((3, 1, 1), 4, 6, {"padding": (1, 1, 1)}),
    (1, 4, 6, {"bias": False}),
    (1, 4, 6, {"padding": 1}),
    (1, 1, 6, {}),
    ((1, 3, 3), 4, 6, {"padding": "same"}),
    ((1, 3, 3), 1, 6, {"padding": (0, 1, 1), "bias": False}),
    ((1, 3, 3), 4, 6, {"padding": (0, 1, 1), "stride": (1, 2, 2)}),
    (3, 4, 6, {"padding": 1}),
    (3, 1, 6, {"padding": "valid"}),
    (3, 4, 6, {"padding": 1, "stride": (1, 2, 3), "bias": False}),
    ((3, 3, 1), 4, 6, {"padding": (1, 1, 0)}),
    ((3, 1, 3), 4, 6, {"padding": (1, 0, 1)}),
    (3, 8, 1, {"padding": 1}),
    ((3, 5, 5), 9, 1, {"bias": False}),
    ((3, 1, 1), 8, 1, {"padding": "same"}),
    ((2, 4, 2), 8, 1, {"padding": (1, 0, 2)}),
    (3, 4, 6, {"padding": 1, "stride": 2}),
    (3, 4, 6, {"padding": 2, "dilation": 2}),
    (3, 8, 1, {"padding": "same", "dilation": (1, 2, 2)}),
    (3, 4, 6, {"padding": 1, "groups": 2}),
    (3, 4, 6, {"padding": 1, "padding_mode": "replicate"}),
]


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("normalised", [False, True], ids=["plain", "weight norm"])
@pytest.mark.parametrize(("kernel", "before", "after", "settings"), VOLUMES)
def test_volumes_and_gradients_are_those_of_the_layer(
    kernel: int | tuple[int, int, int],
    before: int,
    after: int,
    settings: dict[str, Any],
    normalised: bool,
    n: int,
) -> None:
    torch.manual_seed(0)
    layer = nn.Conv3d(before, after, kernel, **settings)
    if normalised:
        weight_norm(layer)
    expected, folded = _with_gradients(layer, x := random(n, before, 7, 8, 9)), deepcopy(layer)
    fold_volumes(folded)
    for one, other in zip(_with_gradients(folded, x), expected, strict=True):
        assert torch.allclose(one, other, rtol=1e-5, atol=1e-5 * max(1.0, float(other.abs().max())))
    assert list(folded.state_dict()) == list(layer.state_dict())
    copied = deepcopy(folded)
    fold_volumes(copied)  # a second time, as for a network that is placed twice
    assert torch.equal(copied(x), folded(x))


def _with_gradients(layer: nn.Module, x: Tensor) -> tuple[Tensor, ...]:
    x = x.clone().requires_grad_()
    output: Tensor = layer(x)
    weights = random(*output.shape)
    gradients = torch.autograd.grad((output * weights).sum(), [x, *layer.parameters()])
    return output.detach(), *gradients


def test_volumes_in_bfloat16_are_rounded_no_worse_than_by_torch_by_much() -> None:
    torch.manual_seed(0)
    layer = nn.Conv3d(16, 1, 3, padding=1)
    x = random(2, 16, 8, 16, 16)
    exact = layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        plain = (layer(x).float() - exact).square().mean().sqrt()
        fold_volumes(layer)
        ours = layer(x)
    assert ours.dtype == torch.bfloat16
    assert 0 < (ours.float() - exact).square().mean().sqrt() < 2 * plain


@pytest.mark.parametrize("bfloat16", [False, True])
def test_volumes_keep_their_channels_last_from_layer_to_layer(bfloat16: bool) -> None:
    """The purpose: with weight norm torch would continue channels-first, which is slower.

    The network is that of ERCSR, MCNet and F3DUN in short.
    """
    head = nn.Conv3d(1, 8, (1, 3, 3), padding="same"), nn.Conv3d(8, 8, (3, 1, 1), padding="same")
    body = nn.Conv3d(8, 16, 3, padding=1), nn.Conv3d(16, 8, 1)
    up = nn.ConvTranspose3d(8, 8, (3, 4, 4), (1, 2, 2), 1)
    network = nn.Sequential(*map(weight_norm, (*head, *body, up)))
    fold_volumes(network)
    volume = channels_last(random(2, 6, 5, 5))[:, None]
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        for layer in network:
            volume = layer(volume)
            assert volume.is_contiguous(memory_format=torch.channels_last_3d)
            assert not volume.is_contiguous()


def test_only_volumes_surrounded_by_zeros_are_folded() -> None:
    layers = nn.Conv3d(2, 2, 3), nn.Conv3d(2, 2, 3, padding=1, padding_mode="circular")
    others = nn.Conv2d(2, 2, 3), nn.ConvTranspose3d(2, 2, 3)
    fold_volumes(nn.ModuleList([*layers, *others]))
    kinds = [type(vars(layer).get("_conv_forward")) for layer in (*layers, *others)]
    assert kinds == [VolumeConvolution, *[type(None)] * 3]


def test_bands_that_are_taken_out_of_a_cube_get_their_channels_last() -> None:
    layer = weight_norm(nn.Conv2d(1, 8, 3, padding=1))
    bands = random(3, 5, 6, 7)[:, 2:3]
    expected = layer(bands)
    assert not expected.is_contiguous(memory_format=torch.channels_last)
    keep_channels_last(layer)
    found = layer(bands)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-6)
