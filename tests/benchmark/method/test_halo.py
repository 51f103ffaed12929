"""The halo of networks: what transposed convolutions and normalised weights add to it."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from benchmark.method.halo import halo_of


@pytest.mark.parametrize(
    ("layer", "reach"),
    [
        (nn.ConvTranspose2d(1, 1, 2, stride=2), 0),
        (nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1, output_padding=1), 1),
        (nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1), 1),
        (nn.ConvTranspose2d(1, 1, 6, stride=4, padding=1), 1),
        (nn.ConvTranspose2d(1, 1, 8, stride=2, padding=3), 2),
        (nn.ConvTranspose2d(1, 1, (5, 3), padding=(2, 1)), 2),
        (nn.ConvTranspose2d(1, 1, 3, padding=3, dilation=3), 3),
    ],
)
def test_the_halo_covers_all_that_a_transposed_convolution_spreads_from(
    layer: nn.ConvTranspose2d, reach: int
) -> None:
    nn.init.ones_(layer.weight)
    x, stride = torch.zeros(1, 1, 21, 21), layer.stride[0]
    x[0, 0, 10, 10] = 1
    with torch.no_grad():
        output = (layer(x) - layer(torch.zeros_like(x)))[0, 0]
    assert output.shape == (21 * stride, 21 * stride)
    spots = output.nonzero() // stride - 10
    assert int(spots.abs().max()) == reach
    assert halo_of(layer) == reach


def test_a_transposed_3d_convolution_enlarges_images_not_bands() -> None:
    assert halo_of(nn.ConvTranspose3d(1, 1, (3, 6, 6), (1, 4, 4), 1)) == 1
    assert halo_of(nn.ConvTranspose3d(1, 1, (3, 8, 8), (1, 2, 2), (1, 3, 3))) == 2


def test_how_weights_are_computed_does_not_change_the_halo() -> None:
    layers = nn.Conv2d(1, 4, 5, padding=2), nn.Conv3d(4, 4, 3, padding=1)
    up = nn.ConvTranspose3d(4, 1, (3, 4, 4), (1, 2, 2), 1)
    plain = nn.Sequential(*layers, nn.Dropout2d(), up)
    assert halo_of(plain) == 4
    normalised = nn.Sequential(*map(weight_norm, layers), nn.Dropout2d(), weight_norm(up))
    assert halo_of(normalised) == 4


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(1, 1, 3, padding=1, stride=2),
        nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"),
        nn.ConvTranspose2d(1, 1, 3, stride=2),
        nn.Conv1d(1, 1, 3, padding=1),
        nn.Linear(2, 2),
    ],
    ids=str,
)
@pytest.mark.parametrize("normalised", [False, True])
def test_layers_that_move_pixels_otherwise_forbid_tiles(layer: nn.Module, normalised: bool) -> None:
    layer = deepcopy(layer)
    network = nn.Sequential(nn.ReLU(), weight_norm(layer) if normalised else layer)
    assert halo_of(network) is None
