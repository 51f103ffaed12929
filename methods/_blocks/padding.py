"""Padding of images to sizes that a network can take."""

from torch import Tensor
from torch.nn import functional


def pad_to_multiple(images: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until both counts are multiples.

    Args:
        images: (batch, bands, rows, columns).
        multiple: of the result's rows and columns.
    """
    rows, columns = (-size % multiple for size in images.shape[-2:])
    if not rows and not columns:
        return images
    return functional.pad(images, (0, columns, 0, rows), mode="replicate")
