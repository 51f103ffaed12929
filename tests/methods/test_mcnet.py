"""MCNet: four modules of separable 3-D convolutions, refined by 2-D ones."""

import pytest
import torch
from torch.nn import functional

from methods.mcnet import MixedModule, MixedNetwork
from tests.benchmark.support import network_method, random
from tests.methods.probing import reach, silence


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_its_halo_is_its_receptive_field(scale: int) -> None:
    network = MixedNetwork(torch.zeros(3), scale, maps=1)
    assert reach(network, 3, scale, 57) == network_method("mcnet").halo(network) == 26


def test_it_gives_the_band_means_where_the_tail_is_nothing() -> None:
    means = torch.tensor([0.1, 0.4, 0.2])
    network = MixedNetwork(means, 2, maps=2)
    with torch.no_grad():
        silence(network.get_submodule("tail.layers.1"))
        estimate = network(random(2, 3, 5, 4))
    assert torch.equal(estimate, means[:, None, None].expand(2, 3, 10, 8))


def test_a_module_refines_the_bands_of_three_units_one_by_one() -> None:
    module = MixedModule(2).double()
    x = random(1, 2, 4, 5, 6).double()
    with torch.no_grad():
        module.weights.copy_(torch.tensor([0.5, 2.0, -1.0]))
        maps, refined = x, []
        for number in range(3):
            maps = maps + module.units[number](maps)
            bands = [module.refinements[number](maps[:, :, band]) for band in range(4)]
            refined.append(float(module.weights[number]) * torch.stack(bands, dim=2))
        joined = functional.relu(module.join(torch.cat(refined, dim=1)))
        assert torch.allclose(module(x), module.last(x + joined))


def test_the_heads_maps_are_added_after_every_module() -> None:
    network = MixedNetwork(torch.zeros(3), 2, maps=2)
    network.body = torch.nn.ModuleList(torch.nn.Identity() for _ in range(4))
    low = random(1, 3, 5, 4)
    with torch.no_grad():
        expected = network.tail(5 * network.head(low[:, None]))[:, 0]
        assert torch.allclose(network(low), expected, atol=1e-6)
