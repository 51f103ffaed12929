"""Channel attention (Zhang et al., RCAN, ECCV 2018, Eq. 8 to 11)."""

from torch import Tensor, nn


class ChannelAttention(nn.Module):
    """Weigh the channels by a gate computed from their means over the image.

    Args:
        channels: number of channels.
        reduction: the gate's hidden layer has `channels // reduction` channels, at least one.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        hidden = max(1, channels // reduction)
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, hidden, 1),
            nn.ReLU(),
            nn.Conv2d(hidden, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, channels, rows, columns) to the same shape."""
        weighted: Tensor = x * self.gate(x)
        return weighted
