"""Cubic convolution, as MATLAB's `imresize` and OpenCV's `resize` compute it."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from benchmark.degradation.operators.borders import clamped, mirrored
from benchmark.degradation.operators.operator import Operator


@dataclass(frozen=True)
class Resize(Operator):
    """Resize by cubic convolution (Keys 1981), with half-pixel centres.

    The ratio is that of the actual sizes: 171 samples to 512 at x3 have the ratio 512 / 171.

    - `Resize(a=-0.5, antialias=True, border="mirror")` is MATLAB's `imresize`;
    - `Resize(a=-0.75, antialias=False, border="clamp")` is OpenCV's `INTER_CUBIC`, and
      `torch.nn.functional.interpolate(mode="bicubic", align_corners=False)`.

    Attributes:
        a: the kernel's parameter.
        antialias: widen the kernel by the ratio where the image becomes smaller.
        border: beyond the border, "mirror" about the edge of the outermost sample, or "clamp" to
            the outermost sample.
    """

    a: float
    antialias: bool
    border: Literal["mirror", "clamp"]

    def __post_init__(self) -> None:
        """Refuse another border: it would be computed as "clamp".

        Raises:
            ValueError: it is neither.
        """
        if self.border not in ("mirror", "clamp"):
            raise ValueError(
                f'{type(self).__name__}: expected border="mirror" or "clamp", found {self.border!r}'
            )

    @property
    def is_torch_bicubic(self) -> bool:
        """True if `functional.interpolate` computes it where the image becomes larger."""
        return self.a == -0.75 and self.border == "clamp"

    def taps(self, source: int, target: int, scale: int) -> tuple[Tensor, Tensor]:
        """Return the taps of each sample of the target; see `Operator.taps`."""
        ratio = source / target
        width = max(ratio, 1.0) if self.antialias else 1.0
        centre = (torch.arange(target) + 0.5).double() * ratio - 0.5
        floor = centre.floor()
        reach = math.ceil(2 * width)
        offsets = torch.arange(1 - reach, reach + 1)
        distance = ((centre - floor)[:, None] - offsets).abs() / width
        weights = kernel(distance, self.a)
        if width > 1:
            weights /= weights.sum(dim=1, keepdim=True)
        continued = mirrored if self.border == "mirror" else clamped
        return continued(floor.long()[:, None] + offsets, source), weights


def kernel(distance: Tensor, a: float) -> Tensor:
    """Evaluate the kernel of cubic convolution (Keys 1981, Eq. 15 for a = -1/2).

    Args:
        distance: 0 or more, in samples.
        a: the derivative at distance 1.
    """
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return torch.where(distance <= 1, near, torch.where(distance < 2, far, 0.0))


MATLAB = Resize(a=-0.5, antialias=True, border="mirror")
OPENCV = Resize(a=-0.75, antialias=False, border="clamp")
