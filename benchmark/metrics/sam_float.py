"""Spectral angle mapper of images that are not rounded."""

from benchmark.metric import Accumulator, Metric, ScoredImage, register
from benchmark.metrics._angles import SpectralAngles


@register(
    "sam_float",
    bibtex="""
    @inproceedings{yuhas1992sam,
      author = {Yuhas, Roberta H. and Goetz, Alexander F. H. and Boardman, Joe W.},
      title = {Discrimination among Semi-Arid Landscape Endmembers Using the Spectral Angle Mapper
        ({SAM}) Algorithm},
      booktitle = {Summaries of the Third Annual JPL Airborne Geoscience Workshop}, year = {1992}
    }
    """,
)
class SAMFloat(Metric):
    """The same angle as `sam`, of the images before a protocol rounds them for scoring.

    In dark pixels a rounding of one grey level turns a spectrum by degrees.
    """

    title = "SAM (float)"
    unit = "degrees"
    digits = 2
    higher = False
    meaning = "the same angle of images that were not rounded"

    def start(self, image: ScoredImage) -> Accumulator:
        """Accumulate the spectra's products."""
        return SpectralAngles(image, unrounded=True)
