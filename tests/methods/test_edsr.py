"""EDSR: its published sizes, the bands' means, and the scaled residuals."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from benchmark.method import Problem
from tests.benchmark.support import network_method, problem, random
from tests.methods.support import size_of


def build(reference: str, of: Problem) -> Any:
    """Build a network with fixed weights."""
    torch.manual_seed(0)
    return network_method(reference).network(of).eval()


@pytest.mark.parametrize(
    ("reference", "bands", "scale", "size"),
    [
        # Of three bands: the sizes of the public baseline, 1.37 and 1.52 million, and of the
        # largest network, 43 million at x4 (Lim et al., Table 1).
        ("edsr", 3, 2, 1_369_859),
        ("edsr", 3, 4, 1_517_571),
        ("edsr[blocks=32,maps=256]", 3, 4, 43_089_923),
        ("edsr", 31, 2, 1_402_143),
        ("edsr", 31, 4, 1_549_855),
    ],
)
def test_its_size(reference: str, bands: int, scale: int, size: int) -> None:
    with torch.device("meta"):
        assert size_of(network_method(reference).network(problem(scale, bands))) == size


def test_a_change_of_the_means_passes_through() -> None:
    plain = problem(2, 3)
    means = torch.tensor([0.1, 0.4, 0.7])
    shifted = replace(plain, band_means=means)
    x = random(2, 3, 8, 9)
    with torch.no_grad():
        expected = build("edsr[blocks=2,maps=8]", plain)(x) + means[:, None, None]
        network = build("edsr[blocks=2,maps=8]", shifted)
        assert torch.allclose(network(x + means[:, None, None]), expected, rtol=0, atol=1e-6)
    assert "means.means" in network.state_dict()


@pytest.mark.parametrize(("maps", "factor"), [(8, 1.0), (256, 0.1)])
def test_residuals_of_wide_networks_are_scaled(maps: int, factor: float) -> None:
    block = build(f"edsr[blocks=1,maps={maps}]", problem(2, 3)).body[0]
    x = random(1, maps, 5, 5)
    with torch.no_grad():
        assert torch.allclose(block(x) - x, factor * block.convolutions(x), rtol=0, atol=1e-6)


def test_its_halo_covers_what_a_pixel_depends_on() -> None:
    method = network_method("edsr[blocks=2,maps=8]")
    network = build("edsr[blocks=2,maps=8]", problem(2, 3)).double()
    halo = method.halo(network)
    assert halo is not None
    x = random(1, 3, 2 * halo + 3, 2 * halo + 3).double().requires_grad_()
    network(x)[0, :, 2 * halo + 2, 2 * halo + 2].sum().backward()
    assert x.grad is not None
    depends = x.grad.abs().sum(dim=(0, 1)) > 0
    assert depends[halo + 1, halo + 1]
    assert not depends[0].any()
    assert not depends[-1].any()


def test_the_loss_is_the_mean_absolute_error() -> None:
    truth = random(1, 3, 4, 4)
    loss = network_method("edsr").loss(truth - 0.25, truth, {}, problem(2, 3))
    assert float(loss) == pytest.approx(0.25)


def test_one_skip_passes_by_all_blocks() -> None:
    network, low = build("edsr[blocks=2,maps=8]", problem(2, 3)), random(1, 3, 6, 5)
    for values in network.body[-1].parameters():
        torch.nn.init.zeros_(values)
    torch.testing.assert_close(network(low), network.tail(network.up(network.head(low))))
