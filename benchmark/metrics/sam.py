"""Spectral angle mapper."""

import math

import torch
from torch import Tensor

from benchmark.metrics.psnr import paired_bands


def sam(estimate: Tensor, truth: Tensor) -> tuple[float, int]:
    """Compute the spectral angle, the mean over pixels (Wang et al. 2017, Eq. 5).

    Args:
        estimate: (bands, rows, columns).
        truth: (bands, rows, columns).

    Returns:
        The mean angle in degrees, and the number of skipped pixels, whose spectrum is zero in
        either cube. If all are skipped, the angle is 0 if both cubes are zero, else 90.
    """
    angles = SpectralAngles(truth)
    for x, y in paired_bands(estimate, truth):
        angles.add(x, y)
    return angles.mean()


class SpectralAngles:
    """Accumulates the sums that spectral angles are computed from, band by band.

    Args:
        truth: (bands, rows, columns); its size and device are used.
    """

    def __init__(self, truth: Tensor) -> None:
        size = truth.shape[1:]
        self._sums = torch.zeros(3, *size, dtype=torch.float64, device=truth.device)

    def add(self, x: Tensor, y: Tensor) -> None:
        """Add one band of the estimate and of the truth, (rows, columns) float64."""
        for total, (a, b) in zip(self._sums, ((x, x), (y, y), (x, y)), strict=True):
            total.addcmul_(a, b)

    def mean(self) -> tuple[float, int]:
        """Return the mean angle in degrees and the number of skipped pixels, as in `sam`."""
        xx, yy, xy = self._sums
        # For equal spectra the three sums are equal, and their cosine is exactly 1.
        norms = (xx * yy).sqrt_()
        kept = norms > 0
        skipped = int((~kept).sum())
        if skipped == kept.numel():
            return (0.0 if bool((xx == yy).all()) else 90.0), skipped
        angles = (xy / norms).clamp_(-1, 1).acos_()
        mean = (angles if not skipped else angles[kept]).mean()
        return math.degrees(float(mean)), skipped
