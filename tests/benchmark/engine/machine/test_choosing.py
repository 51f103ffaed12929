"""Layers are computed with fewer multiplications where a rule of sizes says so."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from benchmark.engine.machine import choosing
from benchmark.engine.machine.choosing import ImageConvolution, choice, choose_algorithms
from tests.benchmark.support import random

DIRECT, FOURIER = "direct", "fourier"


@pytest.mark.parametrize(
    ("images", "weight", "without", "avx512"),
    [
        ((32, 31, 32, 32), (96, 31, 9, 9), FOURIER, FOURIER),
        ((1, 31, 512, 512), (96, 31, 9, 9), FOURIER, FOURIER),
        ((32, 64, 32, 32), (31, 64, 5, 5), FOURIER, DIRECT),
        ((64, 64, 32, 32), (64, 64, 3, 3), DIRECT, DIRECT),
        ((1, 31, 4, 4), (96, 31, 9, 9), DIRECT, DIRECT),
        ((8, 31, 32, 32), (96, 31, 9, 9), FOURIER, FOURIER),
        ((4, 31, 32, 32), (96, 31, 9, 9), DIRECT, DIRECT),  # measured: 32.9 ms, not 40.7
        ((1, 31, 32, 32), (96, 31, 9, 9), DIRECT, DIRECT),
        ((64, 1, 32, 32), (64, 1, 9, 9), DIRECT, DIRECT),
        ((64, 512, 32, 32), (512, 512, 9, 9), DIRECT, DIRECT),
    ],
    ids=[
        "large kernel",
        "in tiles",
        "smaller kernel",
        "small kernel",
        "small image",
        "some images",
        "few images",
        "one image",
        "one channel",
        "large spectrum",
    ],
)
def test_choice_by_sizes(
    images: tuple[int, ...], weight: tuple[int, ...], without: str, avx512: str
) -> None:
    assert choice(images, weight, avx512=False) == without
    assert choice(images, weight, avx512=True) == avx512


def gradients(layer: nn.Module, x: Tensor) -> list[Tensor]:
    x = x.clone().requires_grad_()
    found = layer(x)
    parts = torch.autograd.grad(found.square().mean(), [x, *layer.parameters()])
    return [found.detach(), *parts]


def close(one: Tensor, other: Tensor) -> bool:
    return bool((one - other).abs().max() <= 1e-5 * other.abs().max())


@pytest.mark.parametrize("normalised", [False, True], ids=["plain", "weight norm"])
@pytest.mark.parametrize("bias", [True, False])
def test_output_and_gradients_are_those_of_the_layer(
    normalised: bool, bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "choice", lambda *_, **__: FOURIER)
    torch.manual_seed(0)
    layer: nn.Module = nn.Conv2d(3, 5, 7, padding=3, bias=bias)
    layer = weight_norm(layer) if normalised else layer
    x = random(2, 3, 21, 50)
    expected = gradients(layer, x)
    transformed = deepcopy(layer)
    choose_algorithms(transformed)
    assert list(transformed.state_dict()) == list(layer.state_dict())
    for network in (transformed, deepcopy(transformed)):
        found = gradients(network, x)
        assert all(map(close, found, expected))
        assert not all(map(torch.equal, found, expected))
        assert all(map(torch.equal, gradients(network, x), found))
    with torch.inference_mode():
        assert close(transformed(x), expected[0])


def test_weights_alone_have_gradients_where_the_input_needs_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choosing, "choice", lambda *_, **__: FOURIER)
    layer, x = nn.Conv2d(1, 4, 5, padding=2), random(2, 1, 9, 9)
    expected = torch.autograd.grad(layer(x).square().mean(), list(layer.parameters()))
    choose_algorithms(layer)
    found = torch.autograd.grad(layer(x).square().mean(), list(layer.parameters()))
    assert all(map(close, found, expected))


def test_one_image_without_a_batch_is_computed_by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "choice", lambda *_, **__: FOURIER)
    layer, x = nn.Conv2d(3, 4, 5, padding=2), random(3, 9, 9)
    expected = layer(x)
    choose_algorithms(layer)
    assert torch.equal(layer(x), expected)


def test_other_precisions_are_computed_by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "choice", lambda *_, **__: FOURIER)
    layer, x = nn.Conv2d(3, 4, 5, padding=2), random(2, 3, 9, 9)
    expected = layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = layer(x)
    choose_algorithms(layer)
    assert not torch.equal(layer(x), expected)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(layer(x), rounded)
    doubled, x = deepcopy(layer).double(), x.double()
    exact = nn.functional.conv2d(x, doubled.weight, doubled.bias, padding=2)
    assert torch.equal(doubled(x), exact)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 4, 9),
        nn.Conv2d(4, 4, 4, padding=2),
        nn.Conv2d(4, 4, 9, padding=4, stride=2),
        nn.Conv2d(4, 4, 9, padding=8, dilation=2),
        nn.Conv2d(4, 4, 9, padding=4, groups=2),
        nn.Conv2d(4, 4, 9, padding=4, padding_mode="reflect"),
        nn.Conv2d(4, 4, 1),
        nn.Conv2d(4, 4, 3, padding=1),
        nn.ConvTranspose2d(4, 4, 9, padding=4),
    ],
)
def test_other_layers_are_left_alone(layer: nn.Module) -> None:
    choose_algorithms(layer)
    assert "_conv_forward" not in vars(layer)


def test_layers_of_the_same_size_are_computed_by_the_choice() -> None:
    network = nn.Sequential(
        nn.Conv2d(4, 4, 9, padding=4), nn.Conv2d(4, 4, (5, 7), padding="same", bias=False)
    )
    choose_algorithms(network)
    assert all(isinstance(vars(one)["_conv_forward"], ImageConvolution) for one in network)
