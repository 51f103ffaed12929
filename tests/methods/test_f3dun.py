"""F3DUN: encoder and decoder of full 3-D convolutions."""

import pytest
import torch
from torch import Tensor, nn

from methods._blocks.upsampling import nearest
from methods.f3dun import FullNetwork
from tests.benchmark.support import network_method, random
from tests.methods.probing import reach, silence


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_its_halo_is_its_receptive_field(scale: int) -> None:
    network = FullNetwork(torch.zeros(3), scale, maps=1)
    assert reach(network, 3, scale, 45) == network_method("f3dun").halo(network) == 20


def test_it_gives_the_nearest_pixel_where_the_residual_is_nothing() -> None:
    network = FullNetwork(torch.tensor([0.1, 0.4, 0.2]), 3, maps=2)
    low = random(2, 3, 5, 4)
    with torch.no_grad():
        assert not torch.allclose(network(low), nearest(low, 3))
        silence(network.get_submodule("tail.layers.1.1"))
        assert torch.allclose(network(low), nearest(low, 3))


@pytest.mark.parametrize(
    ("scale", "kernels"), [(2, [(3, 4, 4)]), (4, [(3, 6, 6)]), (8, [(3, 4, 4), (3, 6, 6)])]
)
def test_it_enlarges_in_two_steps_at_eight(scale: int, kernels: list[tuple[int, ...]]) -> None:
    layers = FullNetwork(torch.zeros(3), scale, maps=1).modules()
    transposed = [layer for layer in layers if isinstance(layer, nn.ConvTranspose3d)]
    assert [layer.kernel_size for layer in transposed] == kernels


class PlusOne(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1


class Skip(nn.Module):
    """Keeps the first half of its input's maps, and passes the other half on."""

    def forward(self, x: Tensor) -> Tensor:
        self.kept, passed = x.chunk(2, dim=1)
        return passed


def test_the_encoders_last_input_skips_to_the_decoders_first_block() -> None:
    network = FullNetwork(torch.zeros(3), 2, maps=2)
    network.encoder = nn.ModuleList(PlusOne() for _ in range(4))
    skips = [Skip() for _ in range(4)]
    network.fusions = nn.ModuleList(skips)
    low = random(1, 3, 5, 4)
    with torch.no_grad():
        network(low)
        first = network.head(low[:, None])
        for skip, before in zip(skips, (3, 2, 1, 0), strict=True):
            assert torch.allclose(skip.kept, first + before, atol=1e-6)


def test_the_encoded_maps_with_those_of_the_head_pass_by_the_decoder() -> None:
    network, low = FullNetwork(torch.zeros(4), 2, 4), random(1, 4, 6, 5)
    for part in (*network.encoder, *network.fusions, *network.decoder):
        for layer in part.modules():
            if isinstance(layer, nn.Conv3d):
                silence(layer)
    given: list[Tensor] = []
    for part in (network.middle, network.tail):
        part.register_forward_pre_hook(lambda _, maps: given.append(maps[0]))
    network(low)
    encoded = 2 * network.head(low[:, None])
    torch.testing.assert_close(given, [encoded, encoded])
