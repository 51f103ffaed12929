"""Scores of a scene by the name of a protocol."""

from torch import Tensor

from benchmark.engine.scoring.scene import metrics_of, score
from benchmark.metric import METRICS
from benchmark.plugins.discovery import discover
from benchmark.protocol import PROTOCOLS

discover([PROTOCOLS, METRICS])


def scores(
    estimate: Tensor, truth: Tensor, scale: int, name: str = "wang2017", *, clip: bool = True
) -> dict[str, float]:
    """Score a scene by all metrics of a protocol."""
    protocol = PROTOCOLS.make(name)
    return score(estimate, truth, scale, protocol, metrics_of(protocol), clip=clip)
