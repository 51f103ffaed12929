"""Spectral angle mapper."""

import torch
from torch import Tensor

from benchmark.metrics.psnr import paired_bands


def sam(estimate: Tensor, truth: Tensor) -> tuple[float, int]:
    """Compute the spectral angle, the mean over pixels (Wang et al. 2017, Eq. 5).

    A spectrum of zeros has no direction. Where the truth has one, the pixel is left out, for every
    estimate alike; where only the estimate has one, the angle is 90 degrees, the largest between
    spectra without negative values. An estimate cannot choose which pixels count.

    Args:
        estimate: (bands, rows, columns), 0 or more.
        truth: (bands, rows, columns), 0 or more.

    Returns:
        The mean angle in degrees, and the number of skipped pixels, whose true spectrum is zero.
        If all are skipped, the angle is 0 if the estimate is zero too, else 90.
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
        kept = yy > 0
        skipped = int((~kept).sum())
        if skipped == kept.numel():
            return (90.0 if bool((xx > 0).any()) else 0.0), skipped
        # For equal spectra the three sums are equal, and their cosine is exactly 1.
        norms = (xx * yy).sqrt_()
        cosines = torch.where(norms > 0, xy / norms, 0.0)
        # In degrees before the mean: right angles are exactly 90, and so is their mean.
        angles = cosines.clamp_(-1, 1).acos_().rad2deg_()
        return float((angles if not skipped else angles[kept]).mean()), skipped
