"""Convolutions by the Fourier transform are those that torch computes directly."""

import pytest
import torch
from torch.nn import functional

from benchmark.engine.machine import fourier
from tests.benchmark.support import random

# n, channels, maps, kernel and size: images smaller than the kernel, of one tile, of several.
SHAPES = [
    (2, 3, 5, (9, 5), (7, 13)),
    (2, 9, 1, (5, 5), (2, 1)),
    (1, 1, 6, (7, 9), (50, 101)),
    (3, 4, 6, (9, 9), (70, 49)),
    (2, 2, 3, (3, 3), (48, 49)),
]


@pytest.mark.parametrize("chunk", [2**25, 20_000], ids=["at once", "in parts"])
@pytest.mark.parametrize(("n", "channels", "maps", "kernel", "size"), SHAPES)
def test_output_and_gradients_are_those_of_torch(
    n: int,
    channels: int,
    maps: int,
    kernel: tuple[int, int],
    size: tuple[int, int],
    chunk: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fourier, "_CHUNK", chunk)
    x = random(n, channels, *size).double().requires_grad_()
    weight = random(maps, channels, *kernel).double().requires_grad_()
    bias = random(maps).double()
    expected = functional.conv2d(x, weight, bias, padding=(kernel[0] // 2, kernel[1] // 2))
    gradient = random(*expected.shape).double()
    expected_gradients = torch.autograd.grad(expected, [x, weight], gradient)
    x, weight = x.detach(), weight.detach()
    found = fourier.convolve(x, weight, bias)
    assert torch.allclose(found, expected, rtol=1e-11, atol=1e-11)
    gradients = fourier.gradients(gradient, x, weight, of_input=True, of_weight=True)
    for one, other in zip(gradients, expected_gradients, strict=True):
        assert one is not None
        assert torch.allclose(one, other, rtol=1e-11, atol=1e-11)


def test_float32_is_as_exact_as_torchs_own() -> None:
    x, weight = random(2, 31, 32, 32), random(32, 31, 9, 9) - 0.5
    exact = functional.conv2d(x.double(), weight.double(), padding=4)
    ours = (fourier.convolve(x, weight, None) - exact).abs().max()
    assert ours < 1e-6 * exact.abs().max()


def test_only_the_wanted_gradients_are_computed() -> None:
    x, weight, gradient = random(1, 2, 9, 9), random(3, 2, 5, 5), random(1, 3, 9, 9)
    assert fourier.gradients(gradient, x, weight, of_input=False, of_weight=False) == (None, None)


def test_operations_are_fewer_for_large_kernels_only() -> None:
    for side, fewer in ((9, 8), (5, 3)):
        direct = 32 * 96 * 31 * side**2 * 32**2
        assert fourier.operations((32, 31, 32, 32), (96, 31, side, side)) < direct / fewer
    assert fourier.operations((32, 8, 32, 32), (8, 8, 3, 3)) > 32 * 8 * 8 * 9 * 32**2
    # Twice the channels and maps: the products take four times as many, the transforms two.
    small, large = (fourier.operations((1, n, 9, 9), (n, n, 5, 5)) for n in (8, 16))
    assert 2 * small < large < 4 * small
