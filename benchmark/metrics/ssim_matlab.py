"""Structural similarity as MATLAB computes it."""

from torch import Tensor
from torch.nn import functional

from benchmark.metric import BandPair, Metric, ScoredImage, register
from benchmark.metrics._windows import gaussian, similarity

_SIDE = 11


@register(
    "ssim_matlab",
    bibtex="""
    @article{wang2004ssim,
      author = {Wang, Zhou and Bovik, Alan C. and Sheikh, Hamid R. and Simoncelli, Eero P.},
      title = {Image Quality Assessment: From Error Visibility to Structural Similarity},
      journal = {IEEE Transactions on Image Processing}, volume = {13}, number = {4},
      pages = {600--612}, year = {2004}, doi = {10.1109/TIP.2003.819861}
    }
    """,
)
class SSIMMatlab(Metric):
    """Structural similarity as MATLAB's `ssim` computes it, the mean over bands.

    Gaussian windows of 11 x 11 with sigma 1.5, K1 = 0.01, K2 = 0.03, population covariance; the
    border is replicated, and the mean is that of the whole map.
    """

    title = "SSIM (MATLAB)"
    digits = 4
    higher = True
    meaning = "structural similarity as MATLAB computes it, mean over bands"

    def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
        """Return the band's SSIM, at most 1."""
        margin = [_SIDE // 2] * 4
        x, y = (
            functional.pad(one[None, None], margin, mode="replicate")[0, 0]
            for one in (pair.estimate, pair.truth)
        )
        return similarity(x, y, gaussian(_SIDE), image.peak)
