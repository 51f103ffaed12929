"""Measurements of networks: how far an influence reaches, what is left without a layer."""

import torch
from torch import nn


def reach(network: nn.Module, bands: int, scale: int, size: int) -> int:
    """Return how far, in pixels, an input pixel's influence on the estimate reaches.

    All weights are made positive, so that no ReLU is inactive and no influences cancel.

    Args:
        network: maps (batch, bands, rows, columns) to `scale` times the rows and columns.
        bands: number of bands of its images.
        scale: the factor.
        size: rows and columns of the image; must be more than twice the expected result.
    """
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    middle = size // 2
    low = torch.ones(1, bands, size, size, requires_grad=True)
    pixels = slice(scale * middle, scale * (middle + 1))
    network.eval()(low)[..., pixels, pixels].sum().backward()
    assert low.grad is not None
    influenced = low.grad[0].sum(dim=0) > 0
    distances = (torch.arange(size) - middle).abs()
    rows, columns = (int(distances[influenced.any(dim=axis)].max()) for axis in (1, 0))
    assert max(rows, columns) < middle, "the image is too small to tell"
    return max(rows, columns)


def silence(layer: nn.Module) -> None:
    """Make a weight-normalised layer return 0; the direction of its weights cannot be 0."""
    with torch.no_grad():
        for name, value in layer.named_parameters():
            if name == "bias" or name.endswith("original0"):
                value.zero_()
