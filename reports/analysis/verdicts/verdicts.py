"""Whether published rows were reproduced: measured against printed, within the scatter of scenes.

The printed mean is over the same test scenes, so the scatter of absolute scores over scenes (4 to
5 dB on CAVE) is in both and says nothing about their difference. What can differ from scene to
scene is what a method gains over Bicubic: its scatter is that of the verdict.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.errors import listed
from benchmark.store.cells import Cell
from reports.analysis.comparison.statistics import Uncertain, interval, seeds_error
from reports.analysis.metrics import Metric, from_facts, main_of
from reports.analysis.provenance.conflicts import differing
from reports.analysis.provenance.protocols import bicubic_labels, fits
from reports.analysis.provenance.table import comparable_published
from reports.analysis.results import ROUNDED
from reports.analysis.verdicts.groups import Group, groups_of, longest
from reports.published.reader import BICUBIC, PublishedValue, published_for

REPRODUCED, EXCEEDED = "reproduced", "exceeded"
NOT_REACHED, NOT_RUN = "not reached at this budget", "not run"
UNDECIDED = "cannot be told"
VERDICTS = (REPRODUCED, EXCEEDED, NOT_REACHED, UNDECIDED, NOT_RUN)
# Units of the last digit that tables show, up to which a difference counts as none: what the
# Bicubic rows, which nobody trains, differ by.
MARGIN = 5
_NO_BICUBIC = "no Bicubic cell of these scenes: their scatter is not known; run bicubic, too"
_NO_SCATTER = "Bicubic has no score of two of these scenes: their scatter is not known"
# What two cells were scored by.
_SCORING = ("numerics", "protocol", "test")
_ORDER = (NOT_REACHED, UNDECIDED, EXCEEDED, REPRODUCED)  # a row's verdict is the first


@dataclass(frozen=True)
class Evidence:
    """One metric of a published row.

    Attributes:
        metric: the metric.
        published: the printed value; None where none is printed.
        measured: the mean over scenes and seeds; NaN where nothing was measured.
        low: lower end of the 95 % confidence interval of measured minus published; NaN where
            nothing scatters, or the scatter over the scenes is not known.
        high: its upper end.
        verdict: on this metric alone.
    """

    metric: Metric
    published: PublishedValue | None
    measured: float = math.nan
    low: float = math.nan
    high: float = math.nan
    verdict: str = NOT_RUN

    @property
    def difference(self) -> float:
        """Return measured minus published."""
        return self.measured - (self.published.value if self.published else math.nan)


@dataclass(frozen=True)
class Verdict:
    """The verdict on one published row: a method at a scale under a protocol.

    Attributes:
        protocol: name of the protocol.
        dataset: the data set's label.
        scale: the scale factor.
        published: the method's name in print.
        paper: where the row is printed.
        method: label of the method in the suite; empty where it has none.
        verdict: one of `VERDICTS`.
        evidence: on each main metric of the protocol.
        group: the cells that were compared; None where there are none.
        why: why the row was not run, or why nothing is known of the scatter; else empty.
    """

    protocol: str
    dataset: str
    scale: int
    published: str
    paper: str
    method: str
    verdict: str
    evidence: tuple[Evidence, ...]
    group: Group | None = None
    why: str = ""


def verdicts(
    protocols: Sequence[Mapping[str, Any]],
    dataset: str,
    cells: Iterable[Cell],
    methods: Mapping[str, str],
    rows: Sequence[PublishedValue] | None = None,
) -> list[Verdict]:
    """Judge every row published on a data set, in the order of the protocols and of print.

    Only cells of a method without changed parameters count, so that no small variant stands for
    the published network; of several profiles the one with the longest training.

    Args:
        protocols: the facts of each protocol, with its metrics.
        dataset: the data set's label.
        cells: the stored cells.
        methods: names in print, and the method of the suite that each is.
        rows: the published values; the suite's own by default.
    """
    stored = list(cells)
    found = []
    for facts in protocols:
        printed = published_for(str(facts["name"]), dataset, rows)
        own = [cell for cell in stored if fits(cell, facts, dataset)]
        metrics = main_of(from_facts(facts["metrics"]))
        labels = {name: [label] for name, label in methods.items()}
        labels[BICUBIC] = bicubic_labels(facts)
        for scale, name in sorted(
            dict.fromkeys((row.scale, row.method) for row in printed), key=lambda key: key[0]
        ):
            here = [row for row in printed if (row.scale, row.method) == (scale, name)]
            at_scale = [cell for cell in own if cell.address.scale == scale]
            found.append(_judged(here, metrics, labels.get(name, []), at_scale))
    return found


def _judged(
    printed: Sequence[PublishedValue],
    metrics: Sequence[Metric],
    labels: Sequence[str],
    cells: Sequence[Cell],
) -> Verdict:
    first = printed[0]
    values = {row.metric: row for row in printed}
    groups = groups_of(cells)
    group, why = _group(labels, cells, groups)
    bases = [one for one in groups if one.method == "bicubic"]
    # The Bicubic of the same engine, protocol and scenes, where there is one.
    alike = [
        one for one in bases if not group or not differing(one.cells[0], group.cells[0], _SCORING)
    ]
    base = longest(alike) or longest(bases)
    evidence = tuple(
        _evidence(metric, values.get(metric.name), group, base)
        for metric in metrics
        if group or metric.name in values
    )
    judged = [one.verdict for one in evidence if one.verdict != NOT_RUN]
    verdict = min(judged, key=_ORDER.index, default=NOT_RUN)
    lacking = [one.metric.title for one in evidence if one.published and one.verdict == NOT_RUN]
    if group and not any(one.published for one in evidence):
        why = "none of the protocol's main metrics is printed"
    elif group and not judged:
        why = "its cells have none of the printed metrics over all test scenes"
    elif group and lacking and verdict != NOT_REACHED:
        # One metric that is worse decides the row, whatever the others are.
        verdict, why = NOT_RUN, f"its cells have no {listed(lacking)} over all test scenes"
    elif any(one.verdict == UNDECIDED and math.isnan(one.low) for one in evidence):
        why = _NO_BICUBIC if base is None else _NO_SCATTER
    return Verdict(
        protocol=first.protocol,
        dataset=first.dataset,
        scale=first.scale,
        published=first.method,
        paper=first.paper,
        method=group.method if group else labels[0] if labels else "",
        verdict=verdict,
        evidence=evidence,
        group=None if verdict == NOT_RUN else group,
        why=why,
    )


def _group(
    labels: Sequence[str], cells: Sequence[Cell], groups: Sequence[Group]
) -> tuple[Group | None, str]:
    """Choose the cells to compare, or return why there are none."""
    if not labels:
        return None, "the suite does not have this method"
    reasons: dict[str, None] = {}
    for label in labels:
        usable = []
        for group in groups:
            if group.method == label:
                comparable, reason = comparable_published(group.cells)
                if comparable:
                    usable.append(group)
                reasons[reason] = None
        if chosen := longest(usable):
            return chosen, ""
    if reasons:
        return None, listed(reasons)
    failed = [str(one.facts["reason"]) for one in cells if one.address.method in labels]
    if failed:
        return None, f"it failed: {failed[0]}"
    name = labels[0].partition("[")[0]
    variants = dict.fromkeys(one.method for one in groups if one.method.partition("[")[0] == name)
    return None, f"there are only variants: {listed(variants)}" if variants else ""


def _evidence(
    metric: Metric, printed: PublishedValue | None, group: Group | None, base: Group | None
) -> Evidence:
    if group is None or printed is None:
        return Evidence(metric, printed)
    measured = group.mean(metric.name)
    difference = round(measured - printed.value, ROUNDED)
    if not math.isfinite(difference):
        return Evidence(metric, printed)
    margin = MARGIN * 10.0**-metric.digits
    gains = _gains(metric, group, base)
    low, high = _interval(difference, gains, group.values(metric.name))
    if abs(difference) <= margin * (1 + 1e-9):
        verdict = REPRODUCED
    elif not gains and group.seeded:
        verdict = UNDECIDED
    elif low <= 0 <= high:
        # An interval that holds Bicubic, too, would confirm a network that learned nothing.
        untrained = base.mean(metric.name) - printed.value if base else math.nan
        unknown = group.seeded and low <= untrained <= high
        verdict = UNDECIDED if unknown else REPRODUCED
    else:
        verdict = EXCEEDED if (difference > 0) == metric.higher else NOT_REACHED
    return Evidence(metric, printed, measured, low, high, verdict)


def _gains(metric: Metric, group: Group, base: Group | None) -> list[float]:
    """Return the gain over Bicubic on every scene; none where they do not show its scatter."""
    if base is None:
        return []
    mine, theirs = group.by_scene(metric.name), base.by_scene(metric.name)
    gains = [mine[scene] - theirs[scene] for scene in mine if scene in theirs]
    return gains if len(gains) > 1 and all(map(math.isfinite, gains)) else []


def _interval(
    difference: float, gains: Sequence[float], seeds: Sequence[float]
) -> tuple[float, float]:
    """Return the confidence interval of measured minus published; NaN where nothing scatters.

    Over the scenes, the variance is that of the gain over Bicubic. Over the seeds, the print is
    taken as one more training that scatters as much as those measured; with one seed nothing is
    known of that, and nothing is added.
    """
    if not gains:
        return math.nan, math.nan
    error = Uncertain.of(gains)
    if len(seeds) > 1:
        error += seeds_error(seeds, [0.0], both=True)
    return interval(difference, error) if error.variance else (math.nan, math.nan)
