"""3D-FCNN: convolutions over rows, columns and bands."""

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor, nn

from benchmark.engine.inference.tiling import run_network
from tests.benchmark.support import CPU, network_method, problem, random
from tests.methods.support import size_of


def build(bands: int) -> nn.Module:
    """Build the network with biases that are not 0."""
    torch.manual_seed(0)
    network = network_method("fcnn3d").network(problem(2, bands))
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.uniform_(-0.2, 0.2)
    return network


@pytest.mark.parametrize("bands", [1, 31, 102])
def test_its_size_does_not_depend_on_the_bands(bands: int) -> None:
    assert size_of(network_method("fcnn3d").network(problem(4, bands))) == 39_405


@pytest.mark.parametrize("shape", [(1, 3, 14), (3, 9, 8), (8, 7, 9)])
def test_it_correlates_the_mirrored_image_with_its_kernels(shape: tuple[int, int, int]) -> None:
    """Fewer bands than 4, and fewer rows than 6, are mirrored more than once."""
    network, images = build(shape[0]), random(1, *shape)
    margins = ((4, 4), (6, 6), (6, 6))
    volume = np.pad(images[0].double().numpy(), margins, mode="symmetric")[None]
    values = [value.detach().double().numpy() for value in network.parameters()]
    for kernels, biases in zip(values[::2], values[1::2], strict=True):
        views = sliding_window_view(volume, kernels.shape[2:], axis=(1, 2, 3))
        volume = np.einsum("cbhwijk,mcijk->mbhw", views, kernels, optimize=True)
        volume += biases[:, None, None, None]
        if len(volume) > 1:
            volume = np.maximum(volume, 0)
    with torch.no_grad():
        np.testing.assert_allclose(network(images)[0].numpy(), volume[0], atol=1e-6)


def test_weights_start_by_glorots_rule_and_biases_at_nothing() -> None:
    torch.manual_seed(0)
    for layer in network_method("fcnn3d").network(problem(2, 8)).modules():
        if isinstance(layer, nn.Conv3d):
            outputs, inputs, *sides = layer.weight.shape
            limit = (6 / (np.prod(sides) * (inputs + outputs))) ** 0.5
            assert 0.9 * limit < float(layer.weight.detach().abs().max()) <= limit
            assert layer.bias is not None
            assert float(layer.bias.detach().abs().max()) == 0


def test_tiles_overlap_by_6_pixels() -> None:
    method, network, images = network_method("fcnn3d"), build(3), {"upscaled": random(3, 50, 41)}
    whole, tiled = (
        run_network(method, network, images, problem(2, 3, (50, 41)), CPU, budget)
        for budget in (None, 1)
    )
    torch.testing.assert_close(tiled, whole, atol=1e-6, rtol=1e-5)


def loss(output: Tensor, truth: Tensor) -> float:
    """Compute the training loss."""
    inputs = {"upscaled": torch.zeros_like(truth)}
    return float(network_method("fcnn3d").loss(output, truth, inputs, problem(2, 5)))


def test_its_loss_leaves_out_the_6_pixels_that_padding_reaches() -> None:
    truth, output = torch.zeros(2, 5, 33, 33), torch.ones(2, 5, 33, 33)
    output[..., 6:27, 6:27] = 0.5
    assert loss(output, truth) == pytest.approx(0.25)
    assert loss(output[..., :12], truth[..., :12]) == pytest.approx(
        float(output[..., :12].square().mean())
    )
