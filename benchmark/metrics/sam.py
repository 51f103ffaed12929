"""Spectral angle mapper."""

import math

import torch
from torch import Tensor

from benchmark.metrics.psnr import paired_bands


def sam(estimate: Tensor, truth: Tensor) -> tuple[float, int]:
    """Spectral angle mapper in degrees, the mean over pixels (Wang et al. 2017, Eq. 5).

    Returns:
        The mean angle, and how many pixels were skipped because a spectrum is zero in every band
        on either side. With every pixel skipped the angle is 0 if both cubes are zero, else 90.
    """
    angles = SpectralAngles(truth)
    for x, y in paired_bands(estimate, truth):
        angles.add(x, y)
    return angles.mean()


class SpectralAngles:
    """Sums that spectral angles are made of, band by band."""

    def __init__(self, truth: Tensor) -> None:
        size = truth.shape[1:]
        self._sums = torch.zeros(3, *size, dtype=torch.float64, device=truth.device)

    def add(self, x: Tensor, y: Tensor) -> None:
        """Add one band of the estimate and of the truth, (rows, columns) float64."""
        for total, (a, b) in zip(self._sums, ((x, x), (y, y), (x, y)), strict=True):
            total.addcmul_(a, b)

    def mean(self) -> tuple[float, int]:
        """Return the mean angle in degrees and the number of skipped pixels, as `sam`."""
        xx, yy, xy = self._sums
        # Of equal spectra the three sums are equal, and so is the root: their cosine is 1 exactly.
        norms = (xx * yy).sqrt_()
        kept = norms > 0
        skipped = int((~kept).sum())
        if skipped == kept.numel():
            return (0.0 if bool((xx == yy).all()) else 90.0), skipped
        angles = (xy / norms).clamp_(-1, 1).acos_()
        mean = (angles if not skipped else angles[kept]).mean()
        return math.degrees(float(mean)), skipped
