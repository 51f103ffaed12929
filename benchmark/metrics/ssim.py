"""Structural similarity by Gaussian windows inside the image."""

from torch import Tensor

from benchmark.metric import BandPair, Metric, ScoredImage, register
from benchmark.metrics._windows import gaussian, side_of, similarity


@register(
    "ssim",
    bibtex="""
    @article{wang2004ssim,
      author = {Wang, Zhou and Bovik, Alan C. and Sheikh, Hamid R. and Simoncelli, Eero P.},
      title = {Image Quality Assessment: From Error Visibility to Structural Similarity},
      journal = {IEEE Transactions on Image Processing}, volume = {13}, number = {4},
      pages = {600--612}, year = {2004}, doi = {10.1109/TIP.2003.819861}
    }
    """,
)
class SSIM(Metric):
    """Structural similarity, the mean over windows and bands (Wang et al., TIP 2004).

    Gaussian windows of 11 x 11 with sigma 1.5, K1 = 0.01, K2 = 0.03, population covariance; the
    mean leaves out the five outermost pixels, as scikit-image does with `gaussian_weights` and
    `use_sample_covariance=False`. A window that is larger than the image shrinks to the largest
    odd size that fits.
    """

    title = "SSIM"
    digits = 4
    higher = True
    meaning = "structural similarity, mean over bands"

    def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
        """Return the band's SSIM, at most 1."""
        weights = gaussian(side_of(11, (image.rows, image.columns)))
        return similarity(pair.estimate, pair.truth, weights, image.peak)

    def of_scene(self, values: Tensor, image: ScoredImage) -> float:
        """Return the mean over the bands."""
        return float(sum(values.tolist()) / len(values))
