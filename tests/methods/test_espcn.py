"""ESPCN: convolutions on the decimated image and a pixel shuffle."""

import pytest
import torch
from torch import nn

from tests.benchmark.support import network_method, problem, random
from tests.methods.support import BANDS, SHAPE, estimate, size_of


@pytest.mark.parametrize(("scale", "size"), [(2, 21_284), (3, 22_729), (4, 24_752)])
def test_it_has_as_many_parameters_as_published(scale: int, size: int) -> None:
    assert size_of(network_method("espcn").network(problem(scale, 1))) == size


@pytest.mark.parametrize("bands", BANDS)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_it_enlarges_by_the_scale(scale: int, bands: int) -> None:
    rows, columns = SHAPE
    assert estimate("espcn", scale, bands).shape == (bands, rows * scale, columns * scale)


def test_it_sees_the_decimated_image_band_by_band() -> None:
    method = network_method("espcn")
    assert method.inputs == ("low",)
    assert method.bandwise


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_every_pixel_of_the_small_image_becomes_a_square(scale: int) -> None:
    """With a one-tap last layer that gives sub-pixel k the value k, the squares count up."""
    network = network_method("espcn").network(problem(scale, 1))
    last = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)][-1]
    with torch.no_grad():
        last.weight.zero_()
        assert last.bias is not None
        last.bias.copy_(torch.arange(float(scale**2)))
        out = network(random(1, 1, 3, 4))[0, 0]
    square = torch.arange(float(scale**2)).view(scale, scale)
    assert torch.equal(out, square.repeat(3, 4))


def test_its_activations_are_tangents() -> None:
    kinds = [type(layer) for layer in network_method("espcn").network(problem(2, 1)).children()]
    expected = [nn.Conv2d, nn.Tanh, nn.Conv2d, nn.Tanh, nn.Conv2d, nn.PixelShuffle]
    assert kinds == expected
