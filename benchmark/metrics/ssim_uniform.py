"""Structural similarity by uniform windows, scikit-image's default."""

from torch import Tensor

from benchmark.metric import BandPair, Metric, ScoredImage, register
from benchmark.metrics._windows import side_of, similarity


@register("ssim_uniform")
class SSIMUniform(Metric):
    """Structural similarity as `skimage.metrics.structural_similarity` computes it by default.

    Uniform windows of 7 x 7, K1 = 0.01, K2 = 0.03, sample covariance; the mean leaves out the
    three outermost pixels.
    """

    title = "SSIM (7 x 7)"
    digits = 4
    higher = True
    meaning = "structural similarity by uniform windows of 7 x 7, mean over bands"

    def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
        """Return the band's SSIM, at most 1."""
        side = side_of(7, (image.rows, image.columns))
        number = max(side * side, 2)
        return similarity(
            pair.estimate,
            pair.truth,
            [1 / side] * side,
            image.peak,
            covariance=number / (number - 1),
        )
