"""Correlation coefficient."""

import torch
from torch import Tensor

from benchmark.metric import BandPair, Metric, ScoredImage, register


@register("cc")
class CC(Metric):
    """Pearson's correlation coefficient of each band with the truth's, the mean over bands.

    A constant band has none: it counts as 1 where the estimate is perfect, else as 0.
    """

    title = "CC"
    digits = 4
    higher = True
    meaning = "correlation coefficient of each band, mean over bands"

    def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
        """Return the band's correlation coefficient, from -1 to 1."""
        x, y = (one - one.mean() for one in (pair.estimate, pair.truth))
        norms = (x.square().sum() * y.square().sum()).sqrt()
        # The mean of equal values may differ from them in the last digit.
        undefined = norms == 0
        for lowest, highest in (pair.estimate.aminmax(), pair.truth.aminmax()):
            undefined = undefined | (lowest == highest)
        perfect = (pair.squared_error == 0).double()
        # Chosen on the device: an `if` would make the host wait for every band.
        return torch.where(undefined, perfect, torch.clamp((x * y).sum() / norms, -1, 1))
