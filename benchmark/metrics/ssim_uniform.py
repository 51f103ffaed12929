"""Structural similarity by uniform windows, scikit-image's default."""

from torch import Tensor

from benchmark.metric import BandPair, Metric, ScoredImage, register
from benchmark.metrics._windows import side_of, similarity


@register(
    "ssim_uniform",
    bibtex="""
    @article{wang2004ssim,
      author = {Wang, Zhou and Bovik, Alan C. and Sheikh, Hamid R. and Simoncelli, Eero P.},
      title = {Image Quality Assessment: From Error Visibility to Structural Similarity},
      journal = {IEEE Transactions on Image Processing}, volume = {13}, number = {4},
      pages = {600--612}, year = {2004}, doi = {10.1109/TIP.2003.819861}
    }
    """,
)
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
