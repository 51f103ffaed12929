"""Spectral angle mapper of images that are not rounded."""

from benchmark.metric import Accumulator, BandPair, Metric, ScoredImage, register
from benchmark.metrics._angles import SpectralAngles


@register("sam_float")
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
        return _Angles(image)


class _Angles:
    def __init__(self, image: ScoredImage) -> None:
        self._angles = SpectralAngles(image)

    def add(self, pair: BandPair) -> None:
        self._angles.add(pair.unrounded_estimate, pair.unrounded_truth)

    def value(self) -> float:
        return self._angles.mean()[0]

    def counts(self) -> dict[str, float]:
        return {}
