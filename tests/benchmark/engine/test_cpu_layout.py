"""Images with their channels last, one-channel images too."""

import pytest
import torch
from torch import nn

from benchmark.engine.cpu import channels_last
from tests.benchmark.support import random


@pytest.mark.parametrize("channels", [1, 2, 31])
def test_values_and_shape_stay(channels: int) -> None:
    images = random(3, channels, 5, 7)
    laid = channels_last(images)
    assert torch.equal(laid, images)
    assert laid.is_contiguous(memory_format=torch.channels_last)
    assert laid.stride() == (35 * channels, 1, 7 * channels, channels)


def test_nothing_is_copied_that_lies_right() -> None:
    images = random(3, 1, 5, 7)
    assert channels_last(images).data_ptr() == images.data_ptr()
    cubes = random(3, 5, 7, 4).permute(0, 3, 1, 2)
    assert channels_last(cubes).data_ptr() == cubes.data_ptr()


def test_a_cut_out_of_one_channel_is_copied() -> None:
    cut = random(3, 1, 9, 11)[..., 2:7, 1:8]
    assert torch.equal(channels_last(cut), cut)


def test_layers_after_a_one_channel_image_keep_channels_last() -> None:
    """What it is for: torch would go on channels-first, at half the speed."""
    layer = nn.Conv2d(1, 8, 3, padding=1)
    out = layer(channels_last(random(2, 1, 6, 6)))
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert not layer(random(2, 1, 6, 6)).is_contiguous(memory_format=torch.channels_last)
