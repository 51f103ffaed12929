"""How images lie in memory: rows, columns, channels, which convolutions are fastest in."""

import torch
from torch import Tensor


def channels_last(images: Tensor) -> Tensor:
    """Lay images out with their channels last, copying only where they are not.

    Images of one channel lie the same either way, and torch takes them for channels-first: every
    layer after them would, and on a processor run at half its speed. Here their strides say that
    the channel is last.

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
