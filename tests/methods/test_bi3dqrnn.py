"""Bi-3DQRNN: a recurrence over bands in both directions."""

import pytest
import torch

from methods.bi3dqrnn import QuasiRecurrentUnit, RecurrentAutoencoder
from tests.benchmark.support import network_method, random


@pytest.mark.parametrize("stride", [1, 2])
def test_a_unit_pools_over_bands_in_both_directions(stride: int) -> None:
    unit = QuasiRecurrentUnit(2, 3, stride=stride).double()
    x = random(2, 2, 4, 6, 8).double()
    with torch.no_grad():
        candidates, up, down = unit.convolution(x).split(3, dim=1)
        expected = torch.zeros_like(candidates)
        for order, gates in ((range(4), up), (reversed(range(4)), down)):
            state = torch.zeros_like(candidates[:, :, 0])
            for band in order:
                keep = torch.sigmoid(gates[:, :, band])
                state = keep * state + (1 - keep) * torch.tanh(candidates[:, :, band])
                expected[:, :, band] += state
        assert torch.allclose(unit(x), expected)


@pytest.mark.parametrize("rows", [64, 66, 140])
def test_strips_equal_the_whole_image(rows: int) -> None:
    network = RecurrentAutoencoder(2)
    images = random(1, 3, rows, 12)
    with torch.no_grad():
        strips = network(images)
    assert torch.allclose(strips, network(images), atol=1e-6)


def test_skips_join_the_units_of_the_same_size() -> None:
    network = RecurrentAutoencoder(2).double()
    images = random(1, 3, 8, 12).double()
    first, last = network.first, network.last
    with torch.no_grad():
        e0 = first(images[:, None])
        e1 = network.encoder[0](e0)
        e2 = network.encoder[1](e1)
        e3 = network.encoder[2](e2)
        e4 = network.encoder[3](e3)
        d1 = network.decoder[0](network.encoder[4](e4))
        d2 = network.decoder[1](d1 + e4)
        d3 = network.decoder[2](d2 + e3)
        d4 = network.decoder[3](d3 + e2)
        d5 = network.decoder[4](d4 + e1)
        assert torch.allclose(network(images), images + last(d5 + e0)[:, 0])


def test_any_size_is_that_of_a_multiple_of_four_cropped() -> None:
    network = RecurrentAutoencoder(2)
    images = random(1, 3, 13, 18)
    padded = torch.cat([images, *[images[:, :, -1:]] * 3], dim=2)
    padded = torch.cat([padded, *[padded[..., -1:]] * 2], dim=3)
    with torch.no_grad():
        assert torch.equal(network(images), network(padded)[..., :13, :18])


def test_a_part_of_an_image_is_estimated_differently_so_there_are_no_tiles() -> None:
    method, network = network_method("bi3dqrnn"), RecurrentAutoencoder(2)
    images = random(1, 3, 8, 256)
    with torch.no_grad():
        whole, part = network(images), network(images[..., :128])
    assert (
        float((whole[..., 8:16] - part[..., 8:16]).abs().max()) > 1e-4
    )  # 100 columns from the cut
    assert method.halo(network) is None


def test_transposed_units_start_with_smaller_weights() -> None:
    torch.manual_seed(0)
    for transposed, inputs in ((False, 4), (True, 12)):
        weight = QuasiRecurrentUnit(4, 4, transposed=transposed).convolution.weight.detach()
        assert float(weight.abs().max()) == pytest.approx((inputs * 27) ** -0.5, rel=0.01)
