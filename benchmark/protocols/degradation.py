"""The degradation: from the ground truth to the low-resolution image.

Blur and decimation of one axis are one matrix, so that the whole degradation of a band is
`R z C^T`: exact in float64, the same on every device, and the operator that closed-form methods
need (`Degradation.axis`).
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from benchmark.protocols.protocol import Protocol


def kernel(sigma: float, truncate: float) -> np.ndarray:
    """Sample a Gaussian at the integers within `truncate` sigmas; the weights add up to 1.

    Returns:
        (2 r + 1,) float64 with r = floor(truncate * sigma + 0.5), as in
        `scipy.ndimage.gaussian_filter`: 25 taps for sigma 3 and truncate 4.
    """
    radius = int(truncate * sigma + 0.5)
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.asarray(taps / taps.sum())


@lru_cache(maxsize=64)
def _axis(size: int, scale: int, sigma: float, truncate: float) -> Tensor:
    taps = kernel(sigma, truncate)
    radius = len(taps) // 2
    centres = np.arange(0, size, scale)
    matrix = np.zeros((len(centres), size))
    for offset, tap in enumerate(taps, start=-radius):
        # Mirrored about the edge of the outermost sample, repeatedly for small images.
        folded = (centres + offset) % (2 * size)
        source = np.where(folded < size, folded, 2 * size - 1 - folded)
        np.add.at(matrix, (np.arange(len(centres)), source), tap)
    return torch.from_numpy(matrix)


class Degradation:
    """The degradation of one protocol at one scale.

    Args:
        protocol: provides blur and rounding.
        scale: the factor, 2 or more.
    """

    def __init__(self, protocol: Protocol, scale: int) -> None:
        self.protocol = protocol
        self.scale = scale
        self.noise = protocol.noise

    def axis(self, size: int) -> Tensor:
        """Return the blur-and-decimate matrix of an axis.

        Returns:
            (ceil(size / scale), size) float64 on the CPU; every row adds up to 1. It is cached:
            do not modify it.
        """
        return _axis(size, self.scale, self.protocol.sigma, self.protocol.truncate)

    def store(self, image: Tensor) -> Tensor:
        """Round an image to 8 bit if the protocol stores 8 bit.

        Args:
            image: any shape, values in [0, 1].
        """
        return torch.round(image * 255) / 255 if self.protocol.eight_bit else image

    def low(self, truth: Tensor) -> Tensor:
        """Compute the low-resolution image of a ground truth.

        Args:
            truth: (bands, rows, columns), ground truth in [0, 1] after `store`.

        Returns:
            (bands, ceil(rows / scale), ceil(columns / scale)) float32 in [0, 1], after `store`.
        """
        rows, columns = (self.axis(size).to(truth.device) for size in truth.shape[-2:])
        return self.store(rows @ truth.double() @ columns.T).float()
