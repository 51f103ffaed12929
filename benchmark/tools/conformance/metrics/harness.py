"""What the checks of metrics are given: a metric, and images to score with it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.engine.scoring.scene import score
from benchmark.metric import METRICS, Metric
from benchmark.plugins.registry import Registry
from benchmark.protocol import Protocol
from benchmark.protocols.li2020 import Li2020
from benchmark.protocols.wang2017 import Wang2017
from benchmark.tools.conformance.harness import Harness

# Compared in 8 bit with peak 255, and in float with peak 1.
PROTOCOLS: tuple[Protocol, ...] = (Wang2017(), Li2020())
SCALE = 4


@dataclass(frozen=True)
class MetricHarness(Harness[Metric]):
    """A metric under test."""

    @property
    def registry(self) -> Registry[Metric]:
        """The metrics."""
        return METRICS

    def columns(self, estimate: Tensor, truth: Tensor, protocol: Protocol) -> dict[str, float]:
        """Score an estimate as the engine does: the metric's value and its further columns."""
        return score(estimate, truth, SCALE, protocol, [self.plugin])

    def value(self, estimate: Tensor, truth: Tensor, protocol: Protocol) -> float:
        """Score an estimate; a value that is no number is refused, as in a run."""
        return self.columns(estimate, truth, protocol)[METRICS.label(self.plugin)]

    def better(self, one: float, other: float) -> bool:
        """Return whether one value is better than another."""
        return one > other if self.plugin.higher else one < other


def truth_of(bands: int, shape: tuple[int, int] = (48, 40), seed: int = 0) -> Tensor:
    """Make a ground truth, (bands, rows, columns) float32 from 0.1 to 0.9."""
    generator = torch.Generator().manual_seed(seed)
    return 0.1 + 0.8 * torch.rand(bands, *shape, generator=generator)


def noisy(truth: Tensor, level: float) -> Tensor:
    """Add uniform noise, the same at every level."""
    noise = torch.rand(truth.shape, generator=torch.Generator().manual_seed(1)) - 0.5
    return (truth + level * noise).clamp(0, 1)
