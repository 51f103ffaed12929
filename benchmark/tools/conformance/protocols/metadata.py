"""Checks of what a protocol says of itself: description, scales, splits, metrics."""

from dataclasses import fields

from benchmark.dataset import DATASETS, DataSet
from benchmark.errors import listed
from benchmark.metric import METRICS
from benchmark.protocol import Division
from benchmark.tools.conformance import plugin
from benchmark.tools.conformance.check import Check, at, require
from benchmark.tools.conformance.protocols.harness import LARGEST, ProtocolHarness


def described(harness: ProtocolHarness) -> None:
    """The class has a docstring, a title, a paper, and a summary of one line."""
    plugin.require_described(harness, facts=("title", "paper"))
    plugin.require_line(harness.plugin.summary, "its summary")


def scales(harness: ProtocolHarness) -> None:
    """Published scales are from 2 and ascend; none is refused; a refusal is one line."""
    protocol = harness.plugin
    published = list(protocol.scales)
    ascending = published == sorted(set(published)) and published[0] >= 2
    require(ascending, f"its scales are {published}, expected ascending numbers from 2")
    for scale in published:
        why = protocol.refusal(scale)
        require(why == "", f"it refuses x{scale}, a scale of its own: {why}")
    for scale in range(LARGEST + 1):
        why = protocol.refusal(scale)
        require(scale >= 2 or why != "", f"it accepts x{scale}, which is no scale factor")
        if why != "":
            plugin.require_line(why, f"its reason to refuse x{scale}")


def splits(harness: ProtocolHarness) -> None:
    """A split names scenes of its data set, each in one part, and leaves some to train on."""
    harness.discover()
    for name, division in harness.plugin.splits.items():
        with at(name):
            _require_division(DATASETS.make(name), division)
    for name in harness.plugin.trained_together:
        DATASETS.entry(name)


def _require_division(dataset: DataSet, division: Division) -> None:
    require(bool(division.test), "it has no test scene")
    part_of: dict[str, str] = {}
    for part in (field.name for field in fields(division)):
        for name in getattr(division, part):
            require(name in dataset.scenes, f"{part} names '{name}', which it does not have")
            before = part_of.get(name)
            require(before is None, f"'{name}' is named twice, in {before} and in {part}")
            part_of[name] = part
    require(len(part_of) < len(dataset.scenes), "no scene is left to train on")


def metrics(harness: ProtocolHarness) -> None:
    """Its metrics exist, each once; the main metrics are among them."""
    harness.discover()
    protocol = harness.plugin
    labels = [METRICS.label(METRICS.make(reference)) for reference in protocol.metrics]
    again = sorted({label for label in labels if labels.count(label) > 1})
    require(not again, f"it names {listed(again)} twice")
    other = [name for name in protocol.main_metrics if name not in protocol.metrics]
    require(not other, f"its main metrics {listed(other)} are not among its metrics")


CHECKS: dict[str, Check] = {
    "described": described,
    **plugin.CHECKS,
    "scales": scales,
    "splits": splits,
    "metrics": metrics,
}
