"""Gaussian blur followed by decimation."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmark.degradation.operators.borders import mirrored
from benchmark.degradation.operators.operator import Operator


@dataclass(frozen=True)
class GaussianDecimation(Operator):
    """Blur with a Gaussian, then keep the samples 0, s, 2 s, ...

    The kernel has 2 r + 1 taps with r = floor(truncate * sigma + 0.5), as in
    `scipy.ndimage.gaussian_filter`: 25 for sigma 3 and truncate 4. The border is mirrored about the
    edge of the outermost sample.

    Attributes:
        sigma: standard deviation, in samples of the source.
        truncate: radius of the kernel, in standard deviations.
    """

    sigma: float
    truncate: float = 4.0

    def taps(self, source: int, target: int, scale: int) -> tuple[Tensor, Tensor]:
        """Return the taps of each kept sample; see `Operator.taps`."""
        radius = int(self.truncate * self.sigma + 0.5)
        offsets = torch.arange(-radius, radius + 1)
        weights = kernel(self.sigma, radius).expand(target, -1)
        indices = torch.arange(target)[:, None] * scale + offsets
        return mirrored(indices, source), weights


def kernel(sigma: float, radius: int) -> Tensor:
    """Sample a Gaussian at the integers from -radius to radius; the weights add up to 1."""
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return torch.from_numpy(taps / taps.sum())
