"""Memory of networks on a CPU: the layout of images and weights, and how glibc keeps freed memory.

`docs/findings/performance.md` has the measurements, `convolutions.py` the faster layers.
"""

import ctypes
import math
import sys
from functools import cache

import torch
from torch import Tensor, nn

# Memory layout


def to_channels_last(network: nn.Module) -> None:
    """Store the weights of 2-D and 3-D convolutions with their channels last, in place."""
    for parameter in network.parameters():
        layout = {4: torch.channels_last, 5: torch.channels_last_3d}.get(parameter.dim())
        if layout:
            parameter.data = parameter.data.contiguous(memory_format=layout)


def channels_last(images: Tensor) -> Tensor:
    """Return images or volumes with their channels last in memory; copy only if they are not.

    Tensors of one channel have the same memory layout either way, and torch treats them as
    channels-first. All layers after them would do so too, at half the speed on a CPU. Their
    strides are therefore set to those of channels-last.

    Args:
        images: (n, channels, rows, columns), or (n, channels, bands, rows, columns).

    Returns:
        The same values in the same shape.
    """
    layout = torch.channels_last if images.dim() == 4 else torch.channels_last_3d
    images = images.contiguous(memory_format=layout)
    if images.shape[1] != 1:
        return images
    strides = [math.prod(images.shape[axis + 1 :]) for axis in range(images.dim())]
    return images.as_strided(images.shape, (strides[0], 1, *strides[2:]))


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
