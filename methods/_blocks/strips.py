"""Layers that enlarge maps, in strips of rows where no gradient is needed."""

import torch
from torch import Tensor, nn

_ROWS = 16


class Strips(nn.Module):
    """Layers in sequence; without gradients they compute one strip of rows after the other.

    The maps at full size of a 3-D network take gigabytes; those of a strip, a fraction. The result
    is the same, up to rounding.

    Attributes:
        scale: the factor from the input's rows to the output's.
        reach: rows of the input beside its own that an output row depends on.
    """

    def __init__(self, *layers: nn.Module, scale: int, reach: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.scale, self.reach = scale, reach

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., rows, columns) to `scale` times the rows and columns."""
        rows = x.shape[-2]
        if torch.is_grad_enabled() or rows <= _ROWS:
            out: Tensor = self.layers(x)
            return out
        strips = []
        for first in range(0, rows, _ROWS):
            end = min(rows, first + _ROWS)
            start = max(0, first - self.reach)
            strip = self.layers(x[..., start : min(rows, end + self.reach), :])
            inside = slice((first - start) * self.scale, (end - start) * self.scale)
            strips.append(strip[..., inside, :])
        return torch.cat(strips, dim=-2)
