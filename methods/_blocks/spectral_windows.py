"""Overlapping windows of bands, whose results are averaged (Jiang et al., SSPSR, TCI 2020)."""

import torch
from torch import Tensor, nn


def starts(bands: int, size: int, overlap: int) -> list[int]:
    """Return the first band of each window.

    The last window is moved back so that it ends at the last band. If there are fewer bands than
    `size`, there is one window of all bands.

    Args:
        bands: number of bands of the images.
        size: bands of a window.
        overlap: bands that neighbours share, less than `size`.
    """
    step = size - overlap
    count = max(1, -(-(bands - overlap) // step))
    return [max(0, min(number * step, bands - size)) for number in range(count)]


class SpectralWindows(nn.Module):
    """Cut images into windows of bands, and average images of windows where they overlap.

    Attributes:
        size: bands of a window: `size`, or all bands if there are fewer.
        first: the first band of each window.

    Args:
        bands: number of bands of the images.
        size: bands of a window.
        overlap: bands that neighbours share.
    """

    coverage: Tensor

    def __init__(self, bands: int, size: int, overlap: int) -> None:
        super().__init__()
        self.size = min(size, bands)
        self.first = starts(bands, size, overlap)
        coverage = torch.zeros(bands, 1, 1)
        for first in self.first:
            coverage[first : first + self.size] += 1
        self.register_buffer("coverage", coverage, persistent=False)

    def split(self, images: Tensor) -> list[Tensor]:
        """Cut (batch, bands, rows, columns) into windows, (batch, size, rows, columns) each."""
        return [images[:, first : first + self.size] for first in self.first]

    def merge(self, windows: list[Tensor]) -> Tensor:
        """Average windows, (batch, size, rows, columns) each, to (batch, bands, rows, columns)."""
        batch, _, rows, columns = windows[0].shape
        total = windows[0].new_zeros(batch, len(self.coverage), rows, columns)
        for first, window in zip(self.first, windows, strict=True):
            total[:, first : first + self.size] += window
        return total / self.coverage
