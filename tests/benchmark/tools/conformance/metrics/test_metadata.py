"""Checks of what a metric says of itself: each detects its faults, and its reason names them."""

from dataclasses import replace
from typing import Any

import pytest

from benchmark.metric import METRICS, BandPair, Metric, MetricFacts, ScoredImage
from benchmark.tools.conformance import Conformance
from tests.benchmark.tools.conformance.metrics.support import Sound, checks_of, reason_of

OURS = [entry.name for entry in METRICS]


@pytest.mark.parametrize("reference", [*OURS, "ergas[ratio=4]"])
def test_every_metric_of_the_checkout_passes_every_check(reference: str) -> None:
    results = list(Conformance(METRICS.make(reference)))
    assert len(results) == 15
    other = [str(result) for result in results if result.outcome != "passed"]
    assert other in ([], ["cpu-equals-cuda: skipped: torch sees no CUDA device here"])


def test_the_metric_that_faulty_ones_are_made_of_is_sound() -> None:
    """Otherwise a faulty one might fail for another reason."""
    bad = {result.name for result in checks_of() if not result.good}
    assert bad == {"specification"}  # its class cannot be imported


def described_as(**changes: Any) -> Any:
    """Return a member `describe` with changed facts for images in 8 bit."""

    def describe(self: Metric, peak: float) -> MetricFacts:
        facts = Metric.describe(self, peak)
        return replace(facts, **changes) if peak == 255 else facts

    return describe


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"__doc__": ""}, "class Faulty has no docstring"),
        ({"title": ""}, "described for images up to 1: its title is '', expected one line"),
        ({"meaning": "a\nb"}, "described for images up to 1: its meaning is 'a\\nb', expected one"),
        (
            {"describe": described_as(name="other")},
            "described for images up to 255: its name is 'other', expected 'faulty'",
        ),
        (
            {"describe": described_as(unit="grey\nlevels")},
            "described for images up to 255: its unit is 'grey\\nlevels', expected one line",
        ),
        (
            {"describe": described_as(digits=2.5)},
            "described for images up to 255: its digits are 2.5, expected a number from 0 to 10",
        ),
        (
            {"describe": described_as(higher=True)},
            "described for images up to 255: higher is True here and False there",
        ),
    ],
)
def test_a_metric_that_is_not_described(members: dict[str, Any], reason: str) -> None:
    assert reason_of("described", **members).startswith(reason)


def counting(columns: dict[str, float]) -> Any:
    """Return a member `start` whose accumulators have further columns."""

    class Counting:
        def add(self, pair: BandPair) -> None:
            pass

        def value(self) -> float:
            return 0.0

        def counts(self) -> dict[str, float]:
            return columns

    def start(_self: Sound, _image: ScoredImage) -> Counting:
        return Counting()

    return start


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"scene": 1.0}, "its further columns are scene, expected other names"),
        ({"two words": 1.0}, "its further columns are two words, expected other names"),
        ({"skipped": float("inf")}, "its columns skipped are not finite"),
    ],
)
def test_further_columns(columns: dict[str, float], reason: str) -> None:
    assert reason_of("columns", start=counting(columns)) == reason
    assert checks_of(start=counting({"skipped": 3.0})).check("columns").outcome == "passed"
