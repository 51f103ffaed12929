"""Memory layouts change no value, and freed memory is kept."""

import platform
import subprocess
import sys

import pytest
import torch
from torch import nn

from benchmark.engine.machine.cpu import (
    channels_last,
    keep_freed_memory,
    release_freed_memory,
    to_channels_last,
)
from tests.benchmark.support import random

GLIBC = platform.libc_ver()[0] == "glibc"


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


@pytest.mark.parametrize("channels", [1, 2])
def test_volumes_are_stored_with_their_channels_last(channels: int) -> None:
    volumes = random(2, channels, 3, 5, 7)
    converted = channels_last(volumes)
    assert torch.equal(converted, volumes)
    assert converted.stride() == (105 * channels, 1, 35 * channels, 7 * channels, channels)


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
