"""SSPSR: windows of bands by one network, the whole image by another."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from methods.sspsr import PriorNetwork
from tests.benchmark.support import network_method, problem, random
from tests.methods.support import size_of

SMALL = "sspsr[maps=16,blocks=1]"


def estimate(network: nn.Module, bands: int, scale: int, batch: int = 1) -> Tensor:
    """Run a network on random images of 6 x 5 pixels."""
    low, upscaled = random(batch, bands, 6, 5), random(batch, bands, 6 * scale, 5 * scale)
    with torch.no_grad():
        out: Tensor = network.eval()(low, upscaled)
    return out


def test_at_x3_the_whole_image_is_enlarged_by_3() -> None:
    with torch.device("meta"):
        network = network_method("sspsr").network(problem(3, 31))
    assert size_of(network) == 13_483_911


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("bands", [1, 3, 9])
def test_it_enlarges_any_number_of_bands(bands: int, scale: int) -> None:
    network = network_method(SMALL).network(problem(scale, bands))
    assert estimate(network, bands, scale).shape == (1, bands, 6 * scale, 5 * scale)


def test_the_whole_image_is_the_mean_of_the_windows_of_every_band() -> None:
    """The windows of 31 bands are those of the paper's setting; band 25 is in two of them."""
    network = network_method(SMALL).network(problem(4, 31))
    merged: list[Tensor] = []
    trunk, branch = network.get_submodule("trunk"), network.get_submodule("branch")
    trunk.register_forward_pre_hook(lambda _, images: merged.append(images[0]))
    estimate(network, 31, 4)
    low = random(1, 31, 6, 5)
    with torch.no_grad():
        windows = {first: branch(low[:, first : first + 8]) for first in (0, 6, 12, 18, 23)}
        for band in (0, 7, 22, 25, 30):
            of_band = [
                window[:, band - first]
                for first, window in windows.items()
                if first <= band < first + 8
            ]
            expected = sum(of_band) / len(of_band)
            torch.testing.assert_close(merged[0][:, band], expected)


def test_fewer_bands_than_a_window_are_one_window() -> None:
    network = network_method(SMALL).network(problem(2, 3))
    shapes: list[torch.Size] = []
    branch = network.get_submodule("branch")
    branch.register_forward_pre_hook(lambda _, images: shapes.append(images[0].shape))
    estimate(network, 3, 2)
    assert shapes == [(1, 3, 6, 5)]


def test_it_adds_features_of_the_upscaled_image() -> None:
    network = network_method(SMALL).network(problem(2, 4))
    skip, tail = network.get_submodule("skip"), network.get_submodule("tail")
    low, upscaled = random(1, 4, 6, 5), random(1, 4, 12, 10, seed=1)
    black = torch.zeros_like(upscaled)
    with torch.no_grad():
        difference = network(low, upscaled) - network(low, black)
        expected = tail(skip(upscaled)) - tail(skip(black))
    torch.testing.assert_close(difference, expected, atol=1e-6, rtol=1e-5)


def test_its_loss_is_l1_and_the_squared_differences_of_the_estimate() -> None:
    output, truth = random(2, 5, 6, 7), random(2, 5, 6, 7, seed=1)
    made = network_method("sspsr").loss(output, truth, {}, problem(2, 5))
    x = output.double().numpy()
    rows, columns, bands = (np.mean(np.diff(x, axis=axis) ** 2) for axis in (2, 3, 1))
    l1 = np.mean(np.abs(x - truth.double().numpy()))
    assert float(made) == pytest.approx(l1 + 1e-3 * (rows + columns + 2 * bands), rel=1e-6)


def test_the_loss_of_one_band_is_finite() -> None:
    flat = torch.zeros(1, 1, 4, 4, requires_grad=True)
    loss = network_method("sspsr").loss(flat, torch.zeros(1, 1, 4, 4), {}, problem(2, 1))
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) == 0
    assert flat.grad is not None
    assert float(flat.grad.abs().max()) == 0


@pytest.mark.parametrize(
    ("reference", "scale", "reason"),
    [
        ("sspsr", 5, "needs a scale of 3 or a power of 2, found 5"),
        ("sspsr[size=2]", 2, "needs an overlap below the window's 2 bands, found 2"),
        ("sspsr", 3, ""),
        ("sspsr[size=4,overlap=1,blocks=8]", 8, ""),
    ],
)
def test_what_it_cannot_compute_is_refused(reference: str, scale: int, reason: str) -> None:
    assert network_method(reference).refusal(problem(scale, 31)) == reason


def test_the_prior_network_adds_its_input() -> None:
    network, x = PriorNetwork(4, 2), random(1, 4, 5, 6)
    network.blocks = nn.Sequential()
    torch.testing.assert_close(network(x), 2 * x)
