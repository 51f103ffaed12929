"""ERCSR: four blocks of split 3-D and of 2-D convolutions."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from methods._blocks.upsampling import nearest
from methods.ercsr import HybridBlock, HybridNetwork
from tests.benchmark.support import network_method, random
from tests.methods.probing import reach, silence


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_its_halo_is_its_receptive_field(scale: int) -> None:
    network = HybridNetwork(torch.zeros(3), scale, maps=1)
    assert reach(network, 3, scale, 59) == network_method("ercsr").halo(network) == 27


@pytest.mark.parametrize("scale", [2, 3])
def test_it_gives_the_nearest_pixel_where_the_residual_is_nothing(scale: int) -> None:
    network = HybridNetwork(torch.tensor([0.1, 0.4, 0.2]), scale, maps=2)
    low = random(2, 3, 5, 4)
    with torch.no_grad():
        assert not torch.allclose(network(low), nearest(low, scale))
        silence(network.get_submodule("tail.layers.1.1"))
        assert torch.allclose(network(low), nearest(low, scale))


def test_means_leave_and_come_back() -> None:
    means = torch.tensor([0.1, 0.4, 0.2])
    network = HybridNetwork(means, 2, maps=2)
    plain = HybridNetwork(torch.zeros(3), 2, maps=2)
    plain.load_state_dict({**network.state_dict(), "means.means": torch.zeros(3, 1, 1)})
    low = random(1, 3, 5, 4)
    with torch.no_grad():
        shifted = network(low + means[:, None, None]) - means[:, None, None]
        assert torch.allclose(shifted, plain(low), atol=1e-6)


def test_a_block_is_a_cross_of_a_full_kernel_and_two_units() -> None:
    block = HybridBlock(2).double()
    x = random(1, 2, 4, 5, 6).double()
    kernel = torch.zeros(2, 2, 3, 3, 3, dtype=torch.float64)
    with torch.no_grad():
        kernel[..., 1:2] += block.rows.weight
        kernel[..., 1:2, :] += block.columns.weight
        assert block.rows.bias is not None
        assert block.columns.bias is not None
        biases = block.rows.bias + block.columns.bias
        cross = functional.conv3d(functional.relu(block.spatial(x)), kernel, biases, padding=1)
        expected = x + cross
        for band in range(4):
            image = cross[:, :, band]
            for unit in block.units:
                image = image + unit.get_submodule("body")(image)
            expected[:, :, band] += image
        assert torch.allclose(block(x), expected)


def test_the_maps_of_the_head_pass_by_all_blocks() -> None:
    network, low = HybridNetwork(torch.zeros(4), 2, 4), random(1, 4, 6, 5)
    for layer in network.join.modules():
        if isinstance(layer, nn.Conv3d):
            silence(layer)
    given: list[Tensor] = []
    network.tail.register_forward_pre_hook(lambda _, maps: given.append(maps[0]))
    network(low)
    torch.testing.assert_close(given[0], network.head(low[:, None]))
