"""Sums over the bands that spectral angles are computed from."""

import torch
from torch import Tensor

from benchmark.metric import ScoredImage


class SpectralAngles:
    """Accumulates the products of two spectra at every pixel.

    A spectrum of zeros has no direction. Where the truth has one, the pixel is left out, for every
    estimate alike; where only the estimate has one, the angle is 90 degrees, the largest between
    spectra without negative values. An estimate cannot choose which pixels count.
    """

    def __init__(self, image: ScoredImage) -> None:
        size = (3, image.rows, image.columns)
        self._sums = torch.zeros(size, dtype=torch.float64, device=image.device)

    def add(self, x: Tensor, y: Tensor) -> None:
        """Add one band of the estimate and of the truth, (rows, columns) float64."""
        for total, (a, b) in zip(self._sums, ((x, x), (y, y), (x, y)), strict=True):
            total.addcmul_(a, b)

    def mean(self) -> tuple[float, int]:
        """Return the mean angle in degrees, and the number of skipped pixels.

        If all are skipped, the angle is 0 if the estimate is zero too, else 90.
        """
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
