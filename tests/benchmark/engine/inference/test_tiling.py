"""Whole scenes, tiles and groups of bands give the same estimate; memory that runs out."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from benchmark.engine.inference.tiling import run_network, tiles
from benchmark.engine.machine.device import Device
from benchmark.method import NetworkMethod
from tests.benchmark.support import (
    CPU,
    EPS,
    Volume,
    exact,
    examples,
    input_of,
    network_method,
    problem,
    random,
)

WHOLE = 2**40  # bytes; no tiles

# Calls before the first tile: a small sample measures the size of activations.
PROBES = 1


class Calls:
    """Records the shapes of a network's inputs."""

    def __init__(self, network: nn.Module) -> None:
        self.shapes: list[tuple[int, ...]] = []
        network.register_forward_pre_hook(lambda _, inputs: self.shapes.append(inputs[0].shape))


def estimates(
    reference: str, scale: int, shape: tuple[int, int, int], budget: int
) -> tuple[Tensor, Tensor, list[tuple[int, ...]]]:
    """Estimate one image whole and within a budget, in float64; return the second's shapes.

    The estimates are rounded to float32 at their end only: they may differ by an EPS.
    """
    torch.manual_seed(0)
    method = network_method(reference)
    network = exact(method.network(problem(scale, 1 if method.bandwise else shape[0])))
    task = problem(scale, shape[0], (shape[1], shape[2]))
    low = random(*shape)
    whole = run_network(method, network, input_of(method, low), task, CPU, WHOLE)
    calls = Calls(network)
    tiled = run_network(method, network, input_of(method, low), task, CPU, budget)
    return whole, tiled, calls.shapes[PROBES:]


@pytest.mark.parametrize(
    ("reference", "scale", "shape"),
    [
        ("proposed[subnetworks=2,middle=1]", 2, (3, 61, 53)),
        ("proposed[subnetworks=2,middle=1,relu_last=true]", 3, (3, 50, 77)),
        ("vdsr", 2, (1, 75, 34)),
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


@pytest.mark.parametrize(
    "layer",
    [nn.BatchNorm2d(4), nn.Dropout2d(), nn.Hardswish(), nn.Mish(), nn.ReLU6(), nn.Softmax2d()],
    ids=lambda layer: type(layer).__name__,
)
def test_pointwise_layers_allow_tiles(layer: nn.Module) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 4, 5, padding=2), layer, nn.Conv2d(4, 2, 3, padding=1))
    assert NetworkMethod().halo(network) == 3
    low, task = random(2, 40, 40), problem(2, 2, (40, 40))
    whole, tiled = (
        run_network(NetworkMethod(), network, {"upscaled": low}, task, CPU, b) for b in (WHOLE, 1)
    )
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "layer",
    [
        nn.AdaptiveAvgPool2d(1),
        nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"),
        nn.Conv2d(2, 2, 3, stride=2),
        nn.GroupNorm(1, 2),
        nn.InstanceNorm2d(2),
        nn.LayerNorm(2),
        nn.Linear(2, 2),
        nn.Upsample(scale_factor=2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_of_unknown_reach_forbid_tiles(layer: nn.Module) -> None:
    assert NetworkMethod().halo(nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), layer)) is None


def test_a_halo_too_small_would_show() -> None:
    class Blind(NetworkMethod):
        def halo(self, network: nn.Module) -> int:
            return 1

    torch.manual_seed(0)
    network = network_method("srcnn").network(problem(2, 2))
    low, task = random(2, 40, 40), problem(2, 2, (40, 40))
    whole = run_network(Blind(), network, {"upscaled": low}, task, CPU, WHOLE)
    tiled = run_network(Blind(), network, {"upscaled": low}, task, CPU, 1)
    assert float((whole - tiled).abs().max()) > 1e-4


def test_as_many_bands_as_the_budget_allows_are_taken_at_once() -> None:
    """SRCNN's widest layer has 64 maps of 4 bytes; three activations are live."""
    budget = 2 * 20 * 18 * 64 * 4 * 3
    whole, parts, calls = estimates("srcnn", 2, (5, 20, 18), budget)
    assert [call[0] for call in calls] == [2, 2, 1]
    torch.testing.assert_close(parts, whole, rtol=EPS, atol=1e-12)


def test_the_budget_is_the_devices_own_by_default() -> None:
    method = network_method("srcnn")
    network = method.network(problem(2, 1))
    calls = Calls(network)
    run_network(method, network, input_of(method, random(5, 20, 18)), problem(2, 5), CPU)
    assert [call[0] for call in calls.shapes[PROBES:]] == [5]


def test_a_network_over_all_bands_sees_them_together() -> None:
    _, _, calls = estimates("proposed[subnetworks=1]", 2, (7, 20, 18), WHOLE)
    assert calls == [(1, 7, 20, 18)]


class Limited(nn.Module):
    """Two convolutions; a larger input than so many pixels asks for more memory than there is."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(bands, 4, 3, padding=1), nn.Conv2d(4, bands, 3, 1, 1))
        self.limit = math.inf
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, x: Tensor) -> Tensor:
        """Map any shape to itself."""
        self.shapes.append(tuple(x.shape))
        if len(x) * x.shape[2] * x.shape[3] > self.limit:
            torch.empty(2**46, dtype=torch.uint8)  # really fails: 64 TiB
        out: Tensor = self.layers(x)
        return out


class Bandwise(NetworkMethod):
    """A method of bands."""

    name = "bandwise"
    bandwise = True


class Global(NetworkMethod):
    """A method whose receptive field is unknown."""

    name = "global"

    def halo(self, network: nn.Module) -> None:
        """Forbid tiles."""


def estimate_limited(method: NetworkMethod, limit: float, budget: int | None = WHOLE) -> Limited:
    """Estimate an image of 96 x 80 pixels and 5 bands, and compare with one without a limit."""
    torch.manual_seed(0)
    network = Limited(1 if method.bandwise else 5)
    low, task = random(5, 96, 80), problem(2, 5, (96, 80))
    expected = run_network(method, network, input_of(method, low), task, CPU, WHOLE)
    network.limit = limit
    network.shapes.clear()
    found = run_network(method, network, input_of(method, low), task, CPU, budget)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    return network


def test_out_of_memory_fewer_images_are_taken_at_once() -> None:
    network = estimate_limited(Bandwise(), 96 * 80 * 2)
    assert [shape[0] for shape in network.shapes[PROBES:]] == [5, 2, 2, 1]


def test_out_of_memory_tiles_are_halved() -> None:
    network = estimate_limited(NetworkMethod(), 40 * 40)
    sides = [max(shape[2:]) for shape in network.shapes[PROBES:]]
    assert sides[:3] == [96, 50, 18]  # tiles of 48 and 16 pixels, and a halo of 2 on one side
    assert len(sides) == 2 + 6 * 5


def test_out_of_memory_in_the_smallest_tile_is_one_clear_line() -> None:
    class Wide(NetworkMethod):
        name = "wide"

        def halo(self, network: nn.Module) -> int:
            return 20

    with pytest.raises(MemoryError) as caught:
        estimate_limited(Wide(), 35 * 35)
    assert str(caught.value) == (
        "wide: out of memory on an image of 96 x 80 pixels, even in tiles of 16 x 16 pixels; "
        "use a device with more memory, or smaller scenes"
    )


def test_without_a_known_halo_the_whole_image_is_tried_whatever_the_budget() -> None:
    network = estimate_limited(Global(), math.inf, budget=1)
    assert network.shapes == [(1, 5, 96, 80)]


def test_without_a_known_halo_running_out_of_memory_is_one_clear_line() -> None:
    with pytest.raises(MemoryError) as caught:
        estimate_limited(Global(), 96 * 80 - 1)
    assert str(caught.value) == (
        "global: out of memory on an image of 96 x 80 pixels, whole, as its `halo` is None; "
        "override `halo`, use a device with more memory, or smaller scenes"
    )


def test_another_error_is_raised_as_it_is() -> None:
    class Broken(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise RuntimeError("a mistake")

    with pytest.raises(RuntimeError, match="a mistake"):
        run_network(Global(), Broken(), {"upscaled": random(2, 9, 9)}, problem(2, 2), CPU)


def test_a_3d_network_with_attention_estimates_an_image_beyond_the_budget() -> None:
    torch.manual_seed(0)
    network, low = CPU.place(Volume()), random(31, 128, 128)
    out = run_network(
        NetworkMethod(), network, {"upscaled": low}, problem(2, 31, (128, 128)), CPU, 2**20
    )
    with torch.inference_mode():
        torch.testing.assert_close(out, network(low[None])[0], rtol=0, atol=1e-5)
        # Attention sees all pixels: in tiles it would differ.
        assert not torch.allclose(out[:, :20, :20], network(low[None, :, :32, :32])[0][:, :20, :20])


def test_the_network_is_evaluated_without_gradients_and_gives_its_last_output() -> None:
    class Twice(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            assert not self.training
            assert not torch.is_grad_enabled()
            return x, 2 * x

    low = random(3, 10, 12)
    out = run_network(NetworkMethod(), Twice().train(), {"upscaled": low}, problem(2, 3), CPU)
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


@pytest.mark.parametrize("reference", ["srcnn", "espcn", "vdsr", "proposed[subnetworks=1]"])
def test_estimates_are_in_float32_whatever_the_precision_of_training(reference: str) -> None:
    method, task = network_method(reference), problem(2, 3, (24, 24))
    torch.manual_seed(0)
    network = method.network(problem(2, 1 if method.bandwise else 3))
    low = random(3, 24, 24)
    expected = run_network(method, network, input_of(method, low), task, CPU)
    with torch.autocast("cpu", torch.bfloat16):  # as a plugin may leave it
        found = run_network(
            method, network, input_of(method, low), task, Device(CPU.torch, bfloat16=True)
        )
    assert torch.equal(found, expected)
