"""Whole scenes, tiles and chunks of bands give one and the same estimate."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from benchmark.engine.tiling import run_network, tiles
from benchmark.method import NetworkMethod
from tests.benchmark.support import CPU, EPS, exact, examples, network_method, problem, random

WHOLE = 2**40  # bytes: never a tile

# A small sample is run first, to measure what activations take.
PROBES = 1


class Calls:
    """Notes the sizes that a network is given."""

    def __init__(self, network: nn.Module) -> None:
        self.shapes: list[tuple[int, ...]] = []
        network.register_forward_pre_hook(lambda _, inputs: self.shapes.append(inputs[0].shape))


def estimates(
    reference: str, scale: int, shape: tuple[int, int, int], budget: int
) -> tuple[Tensor, Tensor, list[tuple[int, ...]]]:
    """Estimate one image whole and within a budget, in float64; gives the calls of the second.

    The estimates are rounded to float32 at their end alone: one may be an EPS off the other.
    """
    torch.manual_seed(0)
    method = network_method(reference)
    network = exact(method.network(1 if method.bandwise else shape[0], scale))
    task = problem(scale, shape[0], (shape[1], shape[2]))
    low = random(*shape)
    whole = run_network(method, network, low, task, CPU, WHOLE)
    calls = Calls(network)
    tiled = run_network(method, network, low, task, CPU, budget)
    return whole, tiled, calls.shapes[PROBES:]


@pytest.mark.parametrize(
    ("reference", "scale", "shape"),
    [
        ("proposed[subnetworks=2,middle=1]", 2, (3, 61, 53)),
        ("proposed[subnetworks=2,middle=1,relu_last=true]", 3, (3, 50, 77)),
        ("vdsr", 2, (1, 75, 66)),
        ("espcn", 3, (2, 41, 35)),
        ("espcn", 4, (2, 33, 30)),
        ("srcnn", 2, (2, 50, 37)),
        ("srcnn[middle=5]", 4, (2, 37, 50)),
    ],
)
def test_tiles_equal_the_whole(reference: str, scale: int, shape: tuple[int, int, int]) -> None:
    whole, tiled, calls = estimates(reference, scale, shape, budget=1)
    places = -(-shape[1] // 16) * -(-shape[2] // 16)
    bandwise = network_method(reference).bandwise
    assert len(calls) == places * (shape[0] if bandwise else 1)
    assert max(call[2] * call[3] for call in calls) < shape[1] * shape[2]
    enlarge = scale if reference.startswith("espcn") else 1
    assert whole.shape == tiled.shape == (shape[0], shape[1] * enlarge, shape[2] * enlarge)
    torch.testing.assert_close(tiled, whole, rtol=EPS, atol=1e-12)
    assert float(whole.std()) > 1e-3


def test_a_halo_too_small_would_show() -> None:
    class Blind(NetworkMethod):
        def halo(self, network: nn.Module) -> int:
            return 1

    torch.manual_seed(0)
    network = network_method("srcnn").network(2, 2)
    low, task = random(2, 40, 40), problem(2, 2, (40, 40))
    whole = run_network(Blind(), network, low, task, CPU, WHOLE)
    tiled = run_network(Blind(), network, low, task, CPU, 1)
    assert float((whole - tiled).abs().max()) > 1e-4


def test_bands_go_together_as_far_as_memory_allows() -> None:
    """SRCNN's widest layer has 64 maps of 4 bytes, three of which are alive."""
    budget = 2 * 20 * 18 * 64 * 4 * 3
    whole, parts, calls = estimates("srcnn", 2, (5, 20, 18), budget)
    assert [call[0] for call in calls] == [2, 2, 1]
    torch.testing.assert_close(parts, whole, rtol=EPS, atol=1e-12)


def test_the_device_says_how_much_memory_there_is() -> None:
    method = network_method("srcnn")
    network = method.network(1, 2)
    calls = Calls(network)
    run_network(method, network, random(5, 20, 18), problem(2, 5), CPU)
    assert [call[0] for call in calls.shapes[PROBES:]] == [5]


def test_a_network_over_all_bands_sees_them_together() -> None:
    _, _, calls = estimates("proposed[subnetworks=1]", 2, (7, 20, 18), WHOLE)
    assert calls == [(1, 7, 20, 18)]


def test_a_method_that_forbids_tiles_says_how_much_it_needs() -> None:
    class Attention(NetworkMethod):
        name = "attention"

        def halo(self, network: nn.Module) -> None:
            return None

    network = nn.Conv2d(2, 64, 3, padding=1)
    low, task = random(2, 40, 30), problem(2, 2, (40, 30))
    with pytest.raises(MemoryError, match=r"attention needs 0\.0 GiB .* forbids tiles"):
        run_network(Attention(), network, low, task, CPU, 1)
    last = nn.Conv2d(2, 2, 3, padding=1)
    assert run_network(Attention(), last, low, task, CPU, WHOLE).shape == (2, 40, 30)


def test_the_network_is_evaluated_without_gradients_and_gives_its_last_output() -> None:
    class Twice(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            assert not self.training
            assert not torch.is_grad_enabled()
            return x, 2 * x

    low = random(3, 10, 12)
    out = run_network(NetworkMethod(), Twice().train(), low, problem(2, 3), CPU)
    assert torch.equal(out, 2 * low)
    assert out.dtype == torch.float32
    assert not out.requires_grad


@given(
    rows=st.integers(1, 70),
    columns=st.integers(1, 70),
    tile=st.integers(1, 40),
    halo=st.integers(0, 30),
)
@examples
def test_tiles_cover_every_pixel_exactly_once(
    rows: int, columns: int, tile: int, halo: int
) -> None:
    image = torch.arange(rows * columns).view(rows, columns)
    covered = torch.zeros(rows, columns, dtype=torch.int64)
    for place, window, inside in tiles(rows, columns, tile, halo):
        covered[place] += 1
        assert torch.equal(image[window][inside], image[place])
        for here, around, size in zip(place, window, (rows, columns), strict=True):
            assert here.stop - here.start <= tile
            assert around.start == max(0, here.start - halo)
            assert around.stop == min(size, here.stop + halo)
    assert torch.equal(covered, torch.ones_like(covered))
