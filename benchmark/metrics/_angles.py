"""Sums over the bands that spectral angles are computed from."""

import torch
from torch import Tensor

from benchmark.metric import BandPair, ScoredImage


class SpectralAngles:
    """Accumulates the products of two spectra at every pixel.

    A spectrum of zeros has no direction. Where the truth has one, the pixel is left out, for every
    estimate alike; where only the estimate has one, the angle is 90 degrees, the largest between
    spectra without negative values. An estimate cannot choose which pixels count.

    Args:
        image: facts about the scene.
        unrounded: take the images before they are rounded for scoring.
    """

    def __init__(self, image: ScoredImage, *, unrounded: bool = False) -> None:
        size = (3, image.rows, image.columns)
        self._sums = torch.zeros(size, dtype=torch.float64, device=image.device)
        self._unrounded = unrounded

    def add(self, pair: BandPair) -> None:
        """Add one band."""
        x, y = pair.estimate, pair.truth
        if self._unrounded:
            x, y = pair.unrounded_estimate, pair.unrounded_truth
        for total, (a, b) in zip(self._sums, ((x, x), (y, y), (x, y)), strict=True):
            total.addcmul_(a, b)

    def value(self) -> float:
        """Return the mean angle in degrees.

        If all pixels are left out, it is 0 if the estimate is zero too, else 90.
        """
        xx, yy, xy = self._sums
        kept = self._kept
        if not bool(kept.any()):
            return 90.0 if bool((xx > 0).any()) else 0.0
        # For equal spectra the three sums are equal, and their cosine is exactly 1.
        norms = (xx * yy).sqrt_()
        cosines = torch.where(norms > 0, xy / norms, 0.0)
        # In degrees before the mean: right angles are exactly 90, and so is their mean.
        angles = cosines.clamp_(-1, 1).acos_().rad2deg_()
        return float((angles if bool(kept.all()) else angles[kept]).mean())

    def counts(self) -> dict[str, float]:
        """Return the number of pixels that are left out, of the images as they are compared."""
        return {} if self._unrounded else {"skipped": float((~self._kept).sum())}

    @property
    def _kept(self) -> Tensor:
        return self._sums[1] > 0
