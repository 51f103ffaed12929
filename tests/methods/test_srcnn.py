"""SRCNN: three convolutions of the published sizes."""

import pytest
import torch
from torch import nn

from benchmark.method import METHODS
from tests.benchmark.support import EPS, network_method, problem, random
from tests.methods.support import BANDS, SHAPE, estimate, size_of


@pytest.mark.parametrize(
    ("reference", "size"),
    [("srcnn", 8_129), ("srcnn[middle=3]", 24_513), ("srcnn[middle=5]", 57_281)],
)
def test_it_has_as_many_parameters_as_published(reference: str, size: int) -> None:
    assert size_of(network_method(reference).network(problem(2, 1))) == size


def test_its_layers_are_those_of_the_paper() -> None:
    layers = [m for m in network_method("srcnn").network(problem(3, 1)).modules()
              if isinstance(m, nn.Conv2d)]  # fmt: skip
    assert [layer.kernel_size for layer in layers] == [(9, 9), (1, 1), (5, 5)]
    assert [layer.out_channels for layer in layers] == [64, 32, 1]


@pytest.mark.parametrize("bands", BANDS)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_it_keeps_the_size(scale: int, bands: int) -> None:
    assert estimate("srcnn", scale, bands).shape == (bands, *SHAPE)


def test_the_last_layer_is_linear() -> None:
    network = network_method("srcnn").network(problem(2, 1))
    with torch.no_grad():
        for parameter in list(network.parameters())[-2:]:
            parameter.fill_(-1)
        assert float(network(random(1, 1, 9, 9)).max()) <= -1


def test_bands_are_independent() -> None:
    assert network_method("srcnn").bandwise
    whole, alone = (estimate("srcnn", 2, bands, in_float64=True) for bands in (7, 1))
    torch.testing.assert_close(whole[:1], alone, rtol=EPS, atol=1e-12)


def test_it_stands_beside_the_papers_row() -> None:
    assert METHODS.entry("srcnn").facts["published"] == "Dong[4]"
