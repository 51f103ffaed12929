"""Volumes of feature maps over bands, for networks of 3-D convolutions."""

from torch import Tensor


def bands_to_batch(volume: Tensor) -> Tensor:
    """Map (batch, maps, bands, rows, columns) to (batch bands, maps, rows, columns)."""
    return volume.transpose(1, 2).flatten(0, 1)


def batch_to_bands(images: Tensor, bands: int) -> Tensor:
    """Map (batch bands, maps, rows, columns) to (batch, maps, bands, rows, columns)."""
    return images.reshape(-1, bands, *images.shape[1:]).transpose(1, 2)
