"""ERGAS, the relative dimensionless global error."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from benchmark.metric import BandPair, Metric, MetricFacts, ScoredImage, parameter, register


@register(
    "ergas",
    bibtex="""
    @inproceedings{wald2000ergas,
      author = {Wald, Lucien}, year = {2000}, pages = {99--103},
      title = {Quality of High Resolution Synthesised Images: Is There a Simple Criterion?},
      booktitle = {Third Conference on Fusion of Earth Data: Merging Point Measurements, Raster Maps
        and Remotely Sensed Images}
    }
    """,
)
class ERGAS(Metric):
    """100 / s sqrt(mean_b(MSE_b / mean_b^2)) (Wald 2000), with s the scale.

    Bands that are zero throughout the truth have no relative error and are left out. Some papers
    print it with the ratio 4 at every scale.
    """

    title = "ERGAS"
    digits = 2
    higher = False
    meaning = "relative global error, as in pansharpening"

    ratio: int = parameter(default=0, help="ratio s of the pixels' sizes; 0 for the scale", low=0)

    def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
        """Return the mean squared error and the mean of the truth."""
        return torch.stack([pair.squared_error, pair.truth.mean()])

    def of_scene(self, values: Tensor, image: ScoredImage) -> float:
        """Return 0 or more, without unit; 0 for a perfect estimate."""
        errors, means = values.unbind(dim=1)
        kept = means > 0
        if not bool(kept.any()):
            return 0.0
        relative = errors[kept] / means[kept] ** 2
        return 100 / (self.ratio or image.scale) * math.sqrt(float(relative.mean()))

    def describe(self, peak: float) -> MetricFacts:
        """Describe the metric, with its ratio where that is not the scale."""
        facts = super().describe(peak)
        return replace(facts, title=f"ERGAS (ratio {self.ratio})") if self.ratio else facts
