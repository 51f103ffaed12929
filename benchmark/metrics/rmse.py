"""Root mean squared error."""

import math
from dataclasses import replace

from torch import Tensor

from benchmark.metric import BandPair, Metric, MetricFacts, ScoredImage, register


@register("rmse")
class RMSE(Metric):
    """The root of the mean squared error over the whole cube, in the unit of the images."""

    title = "RMSE"
    digits = 4
    higher = False
    meaning = "root mean squared error over the whole cube"

    def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
        """Return the mean squared error."""
        return pair.squared_error

    def of_scene(self, values: Tensor, image: ScoredImage) -> float:
        """Return the root of its mean over the bands."""
        return math.sqrt(float(values.mean()))

    def describe(self, peak: float) -> MetricFacts:
        """Describe the metric; in grey levels where the images have some."""
        facts = super().describe(peak)
        return facts if peak == 1 else replace(facts, unit="grey levels", digits=2)
