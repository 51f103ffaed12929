"""Spectral angle mapper."""

from benchmark.metric import Accumulator, BandPair, Metric, ScoredImage, register
from benchmark.metrics._angles import SpectralAngles


@register("sam")
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
        return _Angles(image)


class _Angles:
    def __init__(self, image: ScoredImage) -> None:
        self._angles = SpectralAngles(image)

    def add(self, pair: BandPair) -> None:
        self._angles.add(pair.estimate, pair.truth)

    def value(self) -> float:
        return self._angles.mean()[0]

    def counts(self) -> dict[str, float]:
        return {"skipped": float(self._angles.mean()[1])}
