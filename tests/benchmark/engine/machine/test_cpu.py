"""What makes networks faster on a CPU changes no value: convolutions, layout, freed memory."""

import platform
import subprocess
import sys

import pytest
import torch
from torch import nn

from benchmark.engine.machine.cpu import (
    SingleChannelConv2d,
    channels_last,
    factorise_single_channel,
    keep_freed_memory,
    release_freed_memory,
    to_channels_last,
)
from tests.benchmark.support import random

GLIBC = platform.libc_ver()[0] == "glibc"


@pytest.mark.parametrize("side", [3, 5, 9])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(12, 17), (2, 1), (3, 40)])
def test_output_and_gradients_are_those_of_the_layer(
    side: int, bias: bool, shape: tuple[int, int]
) -> None:
    torch.manual_seed(side)
    layer = nn.Conv2d(16, 1, side, padding=side // 2, bias=bias).double()
    x = random(2, 16, *shape).double().requires_grad_()
    expected = layer(x)
    expected_gradients = torch.autograd.grad(expected.square().sum(), [x, *layer.parameters()])
    factorise_single_channel(layer)
    assert type(layer) is SingleChannelConv2d
    found = layer(x)
    assert torch.allclose(found, expected, rtol=0, atol=1e-12)
    gradients = torch.autograd.grad(found.square().sum(), [x, *layer.parameters()])
    for one, other in zip(gradients, expected_gradients, strict=True):
        assert torch.allclose(one, other, rtol=1e-10, atol=1e-12)


def test_bfloat16_rounds_no_worse_than_torch_by_much() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(64, 1, 5, padding=2)
    x = random(4, 64, 32, 32)
    exact = layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        plain = (layer(x).float() - exact).square().mean().sqrt()
        factorise_single_channel(layer)
        ours = (layer(x).float() - exact).square().mean().sqrt()
    assert ours < 2 * plain
    assert plain > 0


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(16, 2, 3, padding=1),
        nn.Conv2d(8, 1, 3, padding=1),
        nn.Conv2d(16, 1, 1),
        nn.Conv2d(16, 1, 3),
        nn.Conv2d(16, 1, 4, padding=2),
        nn.Conv2d(16, 1, (3, 5), padding=(1, 2)),
        nn.Conv2d(16, 1, 3, padding=1, stride=2),
        nn.Conv2d(16, 1, 3, padding=1, dilation=2),
        nn.Conv2d(16, 1, 3, padding=1, padding_mode="reflect"),
        nn.ConvTranspose2d(16, 1, 3, padding=1),
    ],
)
def test_other_layers_are_left_alone(layer: nn.Module) -> None:
    kind = type(layer)
    factorise_single_channel(layer)
    assert type(layer) is kind


def test_names_and_weights_stay() -> None:
    network = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.Conv2d(16, 1, 3, padding="same"))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    factorise_single_channel(network)
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert [type(layer) for layer in network] == [nn.Conv2d, SingleChannelConv2d]


@pytest.mark.parametrize(
    ("layer", "layout"),
    [
        (nn.Conv2d(3, 4, 5), torch.channels_last),
        (nn.Conv3d(3, 4, 5), torch.channels_last_3d),
        (nn.Linear(3, 4), torch.contiguous_format),
    ],
    ids=["2-D", "3-D", "linear"],
)
def test_weights_are_stored_with_their_channels_last(
    layer: nn.Module, layout: torch.memory_format
) -> None:
    weight = next(layer.parameters())
    before = weight.detach().clone()
    to_channels_last(layer)
    assert next(layer.parameters()) is weight
    assert weight.is_contiguous(memory_format=layout)
    assert torch.equal(weight, before)


@pytest.mark.parametrize("channels", [1, 2, 31])
def test_values_and_shape_of_images_stay(channels: int) -> None:
    images = random(3, channels, 5, 7)
    converted = channels_last(images)
    assert torch.equal(converted, images)
    assert converted.is_contiguous(memory_format=torch.channels_last)
    assert converted.stride() == (35 * channels, 1, 7 * channels, channels)


def test_images_in_that_layout_are_not_copied() -> None:
    images = random(3, 1, 5, 7)
    assert channels_last(images).data_ptr() == images.data_ptr()
    cubes = random(3, 5, 7, 4).permute(0, 3, 1, 2)
    assert channels_last(cubes).data_ptr() == cubes.data_ptr()


def test_a_crop_of_one_channel_is_copied() -> None:
    crop = random(3, 1, 9, 11)[..., 2:7, 1:8]
    assert torch.equal(channels_last(crop), crop)


def test_layers_after_a_one_channel_image_keep_channels_last() -> None:
    """The purpose: torch would continue channels-first, at half the speed."""
    layer = nn.Conv2d(1, 8, 3, padding=1)
    out = layer(channels_last(random(2, 1, 6, 6)))
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert not layer(random(2, 1, 6, 6)).is_contiguous(memory_format=torch.channels_last)


# Run in a process of its own; prints page faults of 8 times 80 MiB, and the pages released at last.
_MEASURE = """
import resource
import torch
from benchmark.engine.machine.cpu import keep_freed_memory, release_freed_memory
assert keep_freed_memory()
assert keep_freed_memory()
def use():
    return [torch.ones(40 << 20, dtype=torch.uint8) for _ in range(2)]
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def resident():
    return int(open("/proc/self/statm").read().split()[1])
for _ in range(8):  # until every block has found its place
    use()
before = faults()
for _ in range(8):
    use()
print(faults() - before)
held = resident()
release_freed_memory()
print(held - resident())
"""


@pytest.mark.skipif(not GLIBC, reason="another C library than glibc")
def test_freed_memory_is_reused_and_released_on_demand() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _MEASURE], capture_output=True, text=True, check=True
    )
    faults, released = (int(line) for line in ran.stdout.split())
    pages = (80 << 20) // 4096
    assert faults < pages / 8
    assert released > pages / 2


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_freed_memory.cache_clear()
    monkeypatch.setattr(sys, "platform", "win32")
    assert not keep_freed_memory()
    release_freed_memory()
    keep_freed_memory.cache_clear()
