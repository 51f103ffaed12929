"""Faulty metrics for the tests, made of a sound one, and a function to run their checks."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from benchmark.execution.registries import REGISTRIES
from benchmark.metric import METRICS, BandPair, Metric, ScoredImage
from benchmark.plugins.discovery import discover
from benchmark.tools.conformance import Conformance

discover(REGISTRIES)


class Sound(Metric):
    """The mean absolute difference."""

    title = "Difference"
    digits = 3
    higher = False
    meaning = "mean absolute difference"

    def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
        """Return the mean of a band."""
        return (pair.estimate - pair.truth).abs().mean() / image.peak


def checks_of(**members: Any) -> Conformance:
    """Register a metric with some members replaced, and return its checks."""
    METRICS.register("faulty")(type("Faulty", (Sound,), {"__doc__": Sound.__doc__, **members}))
    return Conformance(METRICS.make("faulty"))


def reason_of(check: str, **members: Any) -> str:
    """Run one check of a faulty metric, which must fail, and return the reason."""
    result = checks_of(**members).check(check)
    assert result.outcome == "failed", result
    return result.reason


def of_band(compute: Callable[[BandPair], Any]) -> Any:
    """Return a member `of_band` that computes something of a pair of bands."""
    return lambda _self, pair, _image: compute(pair)
