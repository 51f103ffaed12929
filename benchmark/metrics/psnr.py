"""Peak signal-to-noise ratio over the whole cube."""

import math

from torch import Tensor

from benchmark.metric import BandPair, Metric, ScoredImage, register


@register("psnr")
class PSNR(Metric):
    """10 log10(peak^2 / MSE), MSE over all bands together.

    This is Eq. 4 of Wang et al. (2017), with the square that is missing there. It weighs every
    value alike, while `mpsnr` weighs every band's decibels alike.
    """

    title = "PSNR"
    unit = "dB"
    digits = 2
    higher = True
    meaning = "peak signal-to-noise ratio over the whole cube"

    def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
        """Return the mean squared error."""
        return pair.squared_error

    def of_scene(self, values: Tensor, image: ScoredImage) -> float:
        """Return the PSNR in dB; infinity for a perfect estimate."""
        return decibels(float(values.mean()), image.peak)


def decibels(error: float, peak: float) -> float:
    """Compute the PSNR in dB from a mean squared error; infinity if that is 0."""
    return 10 * math.log10(peak**2 / error) if error > 0 else math.inf
