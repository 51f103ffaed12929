"""MSDformer: the deformable convolution against a loop, and what is left out of the public code."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from methods._blocks.spectral_windows import SpectralWindows
from methods.msdformer import (
    DeformableConvolution,
    DilatedSum,
    MSDformerNetwork,
    WindowFeatures,
)
from tests.benchmark.support import network_method, problem, random
from tests.methods.support import size_of

# Parameters of the public network at 31 bands (240 maps; 60 maps).
PUBLIC = {
    240: {2: 11_008_803, 3: 13_602_003, 4: 13_083_363, 8: 15_157_923},
    60: {2: 757_923, 3: 920_223, 4: 887_763, 8: 1_017_603},
}


def build(bands: int, scale: int, maps: int) -> MSDformerNetwork:
    """Build a network with four blocks and windows of 8 bands that share 2."""
    head = WindowFeatures(SpectralWindows(bands, 8, 2), maps)
    return MSDformerNetwork(head, bands, scale, maps, 4)


def unused(maps: int) -> int:
    """Count the public network's parameters without effect: a convolution, a third of each qkv."""
    return 9 * maps**2 + maps + 4 * maps**2


@pytest.mark.parametrize(("maps", "scale"), [(maps, s) for maps in PUBLIC for s in (2, 3, 4, 8)])
def test_it_has_the_public_networks_parameters_but_for_the_unused(maps: int, scale: int) -> None:
    with torch.device("meta"):
        assert size_of(build(31, scale, maps)) == PUBLIC[maps][scale] - unused(maps)


@pytest.mark.parametrize(("bands", "count"), [(102, 14_907_950), (128, 15_526_788)])
def test_every_window_has_parameters_of_its_own(bands: int, count: int) -> None:
    with torch.device("meta"):
        assert size_of(build(bands, 4, 240)) == count - unused(240)


def test_the_deformable_convolution_is_that_of_a_loop() -> None:
    torch.manual_seed(0)
    layer = DeformableConvolution(2)
    nn.init.normal_(layer.offsets.weight, std=0.5)
    x = random(2, 2, 4, 5) - 0.5
    offsets = layer.offsets(x).detach()

    def value(image: Tensor, row: float, column: float) -> Tensor:
        top, left = math.floor(row), math.floor(column)
        total = torch.zeros(len(image))
        for r in (top, top + 1):
            for c in (left, left + 1):
                if 0 <= r < 4 and 0 <= c < 5:
                    weight = (1 - abs(row - r)) * (1 - abs(column - c))
                    total += weight * image[:, r, c]
        return total

    expected = torch.zeros(2, 2, 4, 5)
    for n in range(2):
        for row in range(4):
            for column in range(5):
                for tap in range(9):
                    down = row + tap // 3 - 1 + float(offsets[n, tap, row, column])
                    right = column + tap % 3 - 1 + float(offsets[n, 9 + tap, row, column])
                    weight = layer.weight[:, :, tap // 3, tap % 3].detach()
                    expected[n, :, row, column] += weight @ value(x[n], down, right)
    torch.testing.assert_close(layer(x).detach(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (6, 9)])
def test_without_offsets_it_is_a_convolution(shape: tuple[int, int]) -> None:
    layer = DeformableConvolution(3)
    assert layer.offsets.bias is not None
    nn.init.zeros_(layer.offsets.bias)
    x = random(2, 3, *shape)
    expected = functional.conv2d(x, layer.weight, padding=1)
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-5)


def test_offsets_start_at_one_place_for_all_pixels() -> None:
    layer = DeformableConvolution(3)
    assert float(layer.offsets.weight.detach().abs().max()) == 0
    assert layer.offsets.bias is not None
    assert float(layer.offsets.bias.detach().abs().max()) > 0


def test_few_bands_are_one_window() -> None:
    torch.manual_seed(0)
    network = build(3, 2, 12).eval()
    low, upscaled = random(2, 3, 5, 7), random(2, 3, 10, 14, seed=1)
    with torch.no_grad():
        both = network(low, upscaled)
        alone = torch.cat([network(low[i : i + 1], upscaled[i : i + 1]) for i in range(2)])
    assert both.shape == upscaled.shape
    torch.testing.assert_close(both, alone, rtol=0, atol=1e-6)


def test_numbers_that_do_not_fit_are_refused() -> None:
    for reference, scale, reason in (
        ("msdformer[overlap=8]", 2, "needs an overlap below the window's 8 bands, found 8"),
        ("msdformer[maps=20]", 2, "needs maps divisible by 6, found 20"),
        ("msdformer", 5, "needs a scale of 3 or a power of 2, found 5"),
        ("cst[maps=50]", 2, "needs maps divisible by 12, found 50"),
        ("cst", 3, ""),
    ):
        assert network_method(reference).refusal(problem(scale, 3)) == reason


def test_the_dilated_convolutions_share_one_activation() -> None:
    part = DilatedSum(4, 6)
    for layer in part.layers:
        nn.init.zeros_(layer.weight)  # type: ignore[arg-type]
        nn.init.constant_(layer.bias, -1)  # type: ignore[arg-type]
    torch.testing.assert_close(part(random(1, 4, 5, 5)), torch.full((1, 6, 5, 5), -0.75))


def test_features_pass_by_the_transformer() -> None:
    network = build(9, 2, 12)
    low, upscaled = random(1, 9, 6, 5), random(1, 9, 12, 10, seed=1)
    network.body = nn.Sequential(nn.Conv2d(12, 12, 1))
    for values in network.body.parameters():
        nn.init.zeros_(values)
    expected = network.tail(network.up(network.head(low)) + network.skip(upscaled))
    torch.testing.assert_close(network(low, upscaled), expected)
