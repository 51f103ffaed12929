"""GDRRN: its recursion, its reach, its initial weights and its loss."""

import math
from typing import Any

import pytest
import torch
from torch.nn import functional

from tests.benchmark.support import network_method, problem, random


def build(reference: str, bands: int = 3) -> Any:
    """Build a network with fixed weights."""
    torch.manual_seed(0)
    return network_method(reference).network(problem(2, bands)).eval()


def test_nine_recursions_of_the_same_two_layers() -> None:
    network = build("gdrrn[maps=8]").double()
    head, tail = network.head[1].weight, network.tail[1].weight
    first, second = (network.pair[place].weight for place in (1, 3))
    assert first.shape == second.shape == (8, 4, 3, 3)

    def convolve(maps: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
        groups = maps.shape[1] // kernel.shape[1]
        return functional.conv2d(maps.clamp_min(0), kernel, padding=1, groups=groups)

    x = random(1, 3, 9, 9).double() - 0.5
    with torch.no_grad():
        maps = start = convolve(x, head)
        for _ in range(9):
            maps = convolve(convolve(maps, first), second) + start
        assert torch.allclose(network(x), x + convolve(maps, tail), rtol=0, atol=1e-12)


@pytest.mark.parametrize("recursions", [2, 9])
def test_an_estimate_depends_on_pixels_within_the_halo_alone(recursions: int) -> None:
    method = network_method(f"gdrrn[maps=8,recursions={recursions}]")
    network = build(f"gdrrn[maps=8,recursions={recursions}]").double()
    halo = method.halo(network)
    assert halo == 2 * recursions + 2
    for parameter in network.parameters():  # positive, so that no ReLU hides a dependence
        parameter.data.abs_()
    x = (random(1, 3, 2 * halo + 3, 2 * halo + 3) + 0.1).double().requires_grad_()
    network(x)[0, :, halo + 1, halo + 1].sum().backward()
    assert x.grad is not None
    depends = x.grad.abs().sum(dim=(0, 1)) > 0
    assert not depends[0].any()
    assert depends[1:-1, 1:-1].all()


def test_it_starts_by_the_fan_out_whatever_the_groups() -> None:
    for groups in (1, 2):
        weight = build(f"gdrrn[groups={groups}]").pair[1].weight.detach()
        assert float(weight.std()) == pytest.approx(math.sqrt(2 / (9 * 128)), rel=0.02)


def test_the_loss_is_summed_over_a_sample() -> None:
    truth = torch.zeros(2, 2, 3, 3)
    truth[:, 0] = 0.5
    output = truth.flip(1)
    loss = network_method("gdrrn").loss(output, truth, {"upscaled": truth}, problem(2, 2))
    assert float(loss) == pytest.approx(0.5 * 18 * 0.25 + 0.1 * math.pi / 2, abs=1e-4)


def test_it_refuses_maps_that_the_groups_do_not_divide() -> None:
    assert network_method("gdrrn").refusal(problem(2, 3)) == ""
    assert "found 10" in network_method("gdrrn[maps=10,groups=4]").refusal(problem(2, 3))
