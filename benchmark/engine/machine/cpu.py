"""Optimisations of networks on a CPU.

Three independent parts: convolutions to one output channel, the memory layout of images and
weights, and how glibc handles freed memory. `docs/performance.md` has the measurements.
"""

import ctypes
import sys
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional

# Convolutions to one output channel


class SingleChannelConv2d(nn.Conv2d):
    """A convolution to one output channel, factorised into two faster ones.

    CPU kernels compute sixteen output channels at once, so one channel takes as long as sixteen.
    Here the k columns of a k x k kernel become k output channels of a k x 1 convolution, and a
    1 x k convolution with ones and zeros shifts and adds them: the same products, summed in
    another order, 1.5 to 2.5 times faster.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, channels, rows, columns) to (batch, 1, rows, columns)."""
        side = self.kernel_size[0]
        columns = self.weight.permute(3, 1, 2, 0).contiguous(memory_format=torch.channels_last)
        maps = functional.conv2d(x, columns, padding=(side // 2, 0))
        shifts = torch.eye(side, dtype=maps.dtype, device=maps.device).view(1, side, 1, side)
        return functional.conv2d(maps, shifts, self.bias, padding=(0, side // 2))


def factorise_single_channel(network: nn.Module) -> None:
    """Replace a network's convolutions to one output channel by `SingleChannelConv2d`, in place.

    Weights, their names and the function computed stay the same.
    """
    for layer in network.modules():
        if type(layer) is nn.Conv2d and _can_be_factorised(layer):
            layer.__class__ = SingleChannelConv2d


def _can_be_factorised(layer: nn.Conv2d) -> bool:
    side = layer.kernel_size[0]
    same = layer.padding in ((side // 2, side // 2), "same") and layer.padding_mode == "zeros"
    square = layer.kernel_size == (side, side) and side % 2 == 1 and side > 1
    plain = layer.stride == layer.dilation == (1, 1) and layer.groups == 1
    return layer.out_channels == 1 and layer.in_channels >= 16 and same and square and plain


# Memory layout


def to_channels_last(network: nn.Module) -> None:
    """Store the weights of 2-D and 3-D convolutions with their channels last, in place."""
    for parameter in network.parameters():
        layout = {4: torch.channels_last, 5: torch.channels_last_3d}.get(parameter.dim())
        if layout:
            parameter.data = parameter.data.contiguous(memory_format=layout)


def channels_last(images: Tensor) -> Tensor:
    """Return images with their channels last in memory; copy only if they are not already.

    Images of one channel have the same memory layout either way, and torch treats them as
    channels-first. All layers after them would do so too, at half the speed on a CPU. Their
    strides are therefore set to those of channels-last.

    Args:
        images: (n, channels, rows, columns).

    Returns:
        The same values in the same shape.
    """
    images = images.contiguous(memory_format=torch.channels_last)
    if images.shape[1] != 1:
        return images
    rows, columns = images.shape[2:]
    return images.as_strided(images.shape, (rows * columns, 1, columns, 1))


# Freed memory

# Parameters of glibc's mallopt(3).
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4


@cache
def keep_freed_memory() -> bool:
    """Configure glibc to keep freed memory in this process; later calls do nothing.

    By default glibc returns a freed block of many megabytes to the kernel, which then has to find
    and clear new pages for the next layer's output: a third of the time of an SRCNN step.

    Returns:
        True if it was configured; False with a C library other than glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        configure = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # musl has none
        return False
    largest = 2**31 - 1
    return bool(
        configure(_MMAP_MAX, 0)
        and configure(_TRIM_THRESHOLD, largest)
        and configure(_TOP_PAD, 64 << 20)
    )


def release_freed_memory() -> None:
    """Return freed memory to the kernel, so that resident memory equals memory in use."""
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
