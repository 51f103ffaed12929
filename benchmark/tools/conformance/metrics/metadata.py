"""Checks of what a metric says of itself."""

from benchmark.errors import listed
from benchmark.metric import METRICS
from benchmark.tools.conformance import plugin
from benchmark.tools.conformance.check import Check, at, require
from benchmark.tools.conformance.metrics.harness import (
    PROTOCOLS,
    MetricHarness,
    noisy,
    truth_of,
)


def described(harness: MetricHarness) -> None:
    """The class has a docstring, and what tables say of it is complete."""
    plugin.require_described(harness)
    for peak in (1.0, 255.0):
        facts = harness.plugin.describe(peak)
        with at(f"described for images up to {peak:g}"):
            label = METRICS.label(harness.plugin)
            require(facts.name == label, f"its name is '{facts.name}', expected '{label}'")
            for what in ("title", "meaning"):
                plugin.require_line(getattr(facts, what), f"its {what}")
            if facts.unit != "":
                plugin.require_line(facts.unit, "its unit")
            digits = type(facts.digits) is int and 0 <= facts.digits <= 10
            require(digits, f"its digits are {facts.digits!r}, expected a number from 0 to 10")
            same = facts.higher is harness.plugin.higher
            require(same, f"higher is {facts.higher!r} here and {harness.plugin.higher!r} there")


def columns(harness: MetricHarness) -> None:
    """Its further columns have names of their own, and finite numbers."""
    truth = truth_of(7)
    for protocol in PROTOCOLS:
        found = harness.columns(noisy(truth, 0.1), truth, protocol)
        further = {name: value for name, value in found.items() if name != next(iter(found))}
        taken = [name for name in further if name == "scene" or not name.isidentifier()]
        require(not taken, f"its further columns are {listed(further)}, expected other names")
        bad = [name for name, value in further.items() if not abs(value) < float("inf")]
        require(not bad, f"its columns {listed(bad)} are not finite")


CHECKS: dict[str, Check] = {"described": described, **plugin.CHECKS, "columns": columns}
