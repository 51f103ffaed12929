"""Spectral angle mapper."""

from benchmark.metric import Accumulator, Metric, ScoredImage, register
from benchmark.metrics._angles import SpectralAngles


@register(
    "sam",
    bibtex="""
    @inproceedings{yuhas1992sam,
      author = {Yuhas, Roberta H. and Goetz, Alexander F. H. and Boardman, Joe W.},
      title = {Discrimination among Semi-Arid Landscape Endmembers Using the Spectral Angle Mapper
        ({SAM}) Algorithm},
      booktitle = {Summaries of the Third Annual JPL Airborne Geoscience Workshop}, year = {1992}
    }
    """,
)
class SAM(Metric):
    """The angle between the spectra of estimate and truth, the mean over pixels.

    This is Eq. 5 of Wang et al. (2017). Pixels that are zero in every band of the truth are left
    out; their number is the column `skipped` of the scores.
    """

    title = "SAM"
    unit = "degrees"
    digits = 2
    higher = False
    meaning = "spectral angle between estimate and truth, mean over pixels"

    def start(self, image: ScoredImage) -> Accumulator:
        """Accumulate the spectra's products."""
        return SpectralAngles(image)
