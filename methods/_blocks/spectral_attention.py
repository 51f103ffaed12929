"""Layers of CST and MSDformer (Chen et al., 2023 and 2024) that act on the channels of a pixel."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods._blocks.attention import ChannelAttention


class SpectralAttention(nn.Module):
    """Attention between channels, whose queries and keys are whole images.

    Args:
        heads: groups of channels, which are attended to separately; each has a temperature.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Return as many channels as the values have, each a weighted mean of those of its head.

        Args:
            q: queries, (batch, channels, rows, columns); divided by their norms over the pixels.
            k: keys, the same shape; divided by their norms.
            v: values, (batch, channels, rows, columns); may have other rows and columns.
        """
        heads = len(self.temperature)
        q, k, values = (x.reshape(len(x), heads, x.shape[1] // heads, -1) for x in (q, k, v))
        q, k = functional.normalize(q, dim=-1), functional.normalize(k, dim=-1)
        weights = (q @ k.transpose(-1, -2) * self.temperature).softmax(dim=-1)
        return (weights @ values).reshape(v.shape)


class PointwiseResidual(nn.Module):
    """Add a tenth of two 1x1 convolutions with channel attention to the input."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(maps, maps, 1), nn.ReLU(), nn.Conv2d(maps, maps, 1), ChannelAttention(maps)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, maps, rows, columns) to the same size."""
        out: Tensor = x + 0.1 * self.residual(x)
        return out
