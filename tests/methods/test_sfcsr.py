"""SFCSR: bands from their neighbours, and from the features of the band before."""

import pytest
import torch
from torch import Tensor

from methods.sfcsr import FeatureContext, neighbours
from tests.benchmark.support import network_method, problem, random
from tests.methods.probing import reach


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_its_halo_is_its_receptive_field(scale: int) -> None:
    network = FeatureContext(scale, maps=1)
    assert reach(network, 3, scale, 33) == network_method("sfcsr").halo(network) == 14


def test_it_refuses_fewer_than_three_bands() -> None:
    method = network_method("sfcsr")
    assert method.refusal(problem(2, 2, (16, 16))) == "needs at least 3 bands"
    assert method.refusal(problem(2, 3, (16, 16))) == ""


def test_the_neighbours_at_the_ends_are_the_first_and_last_three_bands() -> None:
    low = torch.arange(5.0)[None, :, None, None].expand(2, 5, 1, 1)
    triples = [(0, 1, 2), (0, 1, 2), (1, 2, 3), (2, 3, 4), (2, 3, 4)]
    assert neighbours(low).flatten(1).tolist() == [list(map(float, t)) for t in 2 * triples]


def one_by_one(network: FeatureContext, low: Tensor) -> Tensor:
    """Compute the estimate as the paper writes it, band by band."""
    estimates, state = [], torch.empty(0)
    last = low.shape[1] - 3
    for band in range(low.shape[1]):
        first = min(max(band - 1, 0), last)
        x = start_x = network.head_x(low[:, None, first : first + 3])
        y = start_y = network.head_y(low[:, band : band + 1])
        kept_x, kept_y = [], []
        for number, module in enumerate(network.body):
            volume, image, join = map(module.get_submodule, ("volume", "image", "join"))
            x = volume(x) + start_x
            y = torch.cat([image(y) + y, x[:, :, 0], x[:, :, 1], x[:, :, 2]], dim=1)
            y = join(y) + start_y
            kept_x.append(network.weights_x[number] * x)
            kept_y.append(network.weights_y[number] * y)
        x = network.fuse_x(torch.cat(kept_x, dim=1))
        y = network.fuse_y(torch.cat(kept_y, dim=1))
        parts = [x[:, :, 0], x[:, :, 1], x[:, :, 2], y]
        weighted = [network.weights_dual[number] * part for number, part in enumerate(parts)]
        fused = network.dual(torch.cat(weighted, dim=1))
        own, before = network.weights_context
        pair = [own * fused, before * state] if band else []
        state = network.context(torch.cat(pair, dim=1)) if band else fused
        estimates.append(network.tail(state + start_y))
    return torch.cat(estimates, dim=1)


def test_all_bands_at_once_are_the_bands_one_by_one() -> None:
    network = FeatureContext(2, maps=3).double()
    low = random(2, 5, 6, 4).double()
    with torch.no_grad():
        for weights in (network.weights_x, network.weights_y, network.weights_dual):
            weights.copy_(torch.linspace(0.5, 1.5, len(weights)))
        network.weights_context.copy_(torch.tensor([0.7, 1.3]))
        expected = one_by_one(network, low)
        assert torch.allclose(network(low), expected)
    assert torch.allclose(network(low), expected)  # in training all bands are one group


def test_values_pass_from_band_to_band_and_gradients_do_not() -> None:
    network = FeatureContext(2, maps=2)
    low = random(1, 5, 4, 4).requires_grad_()
    estimate = network(low)[:, 3]
    (gradient,) = torch.autograd.grad(estimate.sum(), low)
    assert [bool(band.any()) for band in gradient[0]] == [False, False, True, True, True]
    with torch.no_grad():
        changed = torch.cat([low[:, :1] + 1, low[:, 1:]], dim=1)
        assert not torch.allclose(network(changed)[:, 3], estimate)
