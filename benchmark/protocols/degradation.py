"""The degradation: from the ground truth to the low-resolution image.

Blur and decimation of one axis are one matrix, so that the whole degradation of a band is
`R z C^T`: exact in float64, the same on every device, and the operator that closed-form methods
need (`Degradation.axis`).
"""

from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from benchmark.protocols.interpolation import upscale
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

    def commutes_with_flips(
        self, size: int, sees: Literal["upscaled", "decimated"], scene: int | None = None
    ) -> bool:
        """Return True if flipping both images of a pair gives another pair of this operator.

        Only then may a method flip pairs for augmentation, or flip its input and then its
        estimate back. Decimation of `wang2017` keeps samples 0, s, 2s, ..., which lie to one side
        in an image of s k pixels; the interpolated image is shifted on top.

        Args:
            size: pixels along the axis that is flipped.
            sees: the pair's input, as `Method.sees`.
            scene: pixels of the scene along that axis if the pair is a patch of it; None if the
                whole scene is flipped.
        """
        scene = scene or size
        operator, step = self.axis(scene), self.scale
        if sees == "upscaled":
            # Along the other axis the sizes agree, where the interpolation is the identity.
            operator, step = upscale(operator[None], (scene, scene))[0], 1
        middle = (scene - size) // 2 // self.scale * self.scale
        # Two places: where the scale does not divide the scene, the shift depends on the place.
        for first in (middle, max(0, middle - self.scale)):
            reach = min(first, scene - size - first)
            rows = slice(first // step, -(-(first + size) // step))
            patch = operator[rows, first - reach : first + size + reach]
            # Pixels that a flip exchanges must be weighted alike, each seen from its own side.
            if not torch.allclose(patch, patch.flip(0, 1), rtol=0, atol=1e-9):
                return False
        return True
