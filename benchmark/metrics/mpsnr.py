"""Mean over the bands of the peak signal-to-noise ratio."""

import torch
from torch import Tensor

from benchmark.metric import BandPair, Metric, ScoredImage, register


@register("mpsnr")
class MPSNR(Metric):
    """The mean over the bands of 10 log10(peak^2 / MSE_b), often printed as PSNR.

    It is above `psnr` of the same estimate, by 0.4 dB on CAVE: bands with small errors count more.
    """

    title = "MPSNR"
    unit = "dB"
    digits = 2
    higher = True
    meaning = "peak signal-to-noise ratio of each band, mean over bands"

    def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
        """Return the band's PSNR in dB; infinity for a perfect band."""
        return 10 * torch.log10(image.peak**2 / pair.squared_error)
