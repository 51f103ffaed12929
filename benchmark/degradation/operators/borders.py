"""Continuation of an axis beyond its border."""

from torch import Tensor


def mirrored(indices: Tensor, size: int) -> Tensor:
    """Mirror indices about the edge of the outermost sample, repeatedly for a short axis."""
    folded = indices % (2 * size)
    return folded.where(folded < size, 2 * size - 1 - folded)


def clamped(indices: Tensor, size: int) -> Tensor:
    """Replace indices beyond the border by the outermost sample."""
    return indices.clamp(0, size - 1)
