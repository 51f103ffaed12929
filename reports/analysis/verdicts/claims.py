"""What the paper of the proposed network claims, tested on stored cells.

Every claim is that one training is better than another on the same scenes. Differences are taken
scene by scene, after the mean over the seeds.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from benchmark.store.cells import Cell
from reports.analysis.comparison.statistics import (
    ALPHA,
    Uncertain,
    holm,
    interval,
    seeds_error,
    seeds_test,
    sign_flip,
)
from reports.analysis.metrics import Metric, main_of, metrics_of
from reports.analysis.results import ROUNDED
from reports.analysis.verdicts.fairness import besides, obstacles
from reports.analysis.verdicts.groups import Group, groups_of, longest

DATASET, PROTOCOL = "cave", "wang2017"
SCALES = (2, 3, 4)
LENGTHS = (12_000, 60_000)  # patches of a training, each pass counted
CONFIRMED, CONTRADICTED = "confirmed", "contradicted"
UNDECIDED, NOT_RUN = "cannot be told", "not run"
FINDINGS = (CONFIRMED, CONTRADICTED, UNDECIDED, NOT_RUN)
PROPOSED, VDSR = "proposed", "vdsr"


@dataclass(frozen=True)
class Training:
    """A method, by its label, trained on a number of patches."""

    method: str
    patches: int


@dataclass(frozen=True)
class Claim:
    """That one training is better than another, for some pairs of trainings.

    Attributes:
        text: the claim in one clause.
        pairs: (better, other) as claimed.
    """

    text: str
    pairs: tuple[tuple[Training, Training], ...]


@dataclass(frozen=True)
class Topic:
    """Claims about one part of the paper, tested as one family.

    Attributes:
        title: a question.
        claims: what is claimed.
    """

    title: str
    claims: tuple[Claim, ...]

    @property
    def trainings(self) -> list[Training]:
        """List the trainings that the claims are about, each once."""
        found = (one for claim in self.claims for pair in claim.pairs for one in pair)
        return sorted(dict.fromkeys(found), key=lambda one: (one.method, one.patches))


def _same_length(better: str, other: str) -> tuple[tuple[Training, Training], ...]:
    return tuple((Training(better, length), Training(other, length)) for length in LENGTHS)


def _longer(method: str) -> Claim:
    short, long = (Training(method, length) for length in LENGTHS)
    return Claim(f"`{method}` is better after {LENGTHS[1]:,} patches", ((long, short),))


TOPICS = (
    Topic(
        "Is the proposed network better than VDSR, and after how much training?",
        (
            Claim("the proposed network is better than VDSR", _same_length(PROPOSED, VDSR)),
            _longer(VDSR),
            _longer(PROPOSED),
        ),
    ),
    Topic(
        "What does the spectral-angle term buy?",
        tuple(
            Claim(
                f"alpha {alpha} is better than alpha 1, which is without the term",
                _same_length(label, f"{PROPOSED}[alpha=1.0]"),
            )
            for alpha, label in ((0.99, PROPOSED), (0.5, f"{PROPOSED}[alpha=0.5]"))
        ),
    ),
    Topic(
        "What does the supervised middle output buy?",
        (
            Claim(
                "with it, the network is better than without",
                _same_length(PROPOSED, f"{PROPOSED}[middle=0]"),
            ),
        ),
    ),
)


@dataclass(frozen=True)
class Contrast:
    """One claim, for one pair of trainings at one scale and by one metric.

    Attributes:
        claim: the claim.
        better: the training that is better as claimed.
        other: the one it is compared with.
        scale: the scale factor.
        metric: the metric.
        finding: one of `FINDINGS`.
        mean: of the differences, better minus other; NaN where it was not run.
        low: lower end of the 95 % confidence interval.
        high: its upper end.
        p: adjusted for all contrasts of the topic by this metric.
        seeds: numbers of seeds of the two.
        scenes: number of the test scenes that were compared.
        besides: in what the two differ beside what the claim says.
        why: why trainings that are stored were not compared; else empty.
    """

    claim: Claim
    better: Training
    other: Training
    scale: int
    metric: Metric
    finding: str = NOT_RUN
    mean: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    seeds: tuple[int, int] = (0, 0)
    scenes: int = 0
    besides: tuple[str, ...] = ()
    why: str = ""


class Evidence:
    """The stored cells that the claims are about.

    Args:
        cells: stored cells of any data set and protocol.
    """

    def __init__(self, cells: Iterable[Cell]) -> None:
        own = [
            cell
            for cell in cells
            if (cell.address.dataset, cell.address.protocol) == (DATASET, PROTOCOL)
        ]
        self.metrics: tuple[Metric, ...] = main_of(metrics_of(own)) if own else ()
        self._groups = groups_of(own)
        self._failed = {
            (cell.address.method, cell.address.profile, cell.address.scale)
            for cell in own
            if cell.status == "failed"
        }

    def group(self, training: Training, scale: int) -> Group | None:
        """Return the cells of a training at a scale, the newest ones; None if it was not run."""
        return longest(self._all(training, scale))

    def _all(self, training: Training, scale: int) -> list[Group]:
        wanted = (training.method, training.patches, scale)
        return [one for one in self._groups if (one.method, one.patches, one.scale) == wanted]

    def left_out(self, training: Training, scale: int) -> list[Group]:
        """List the cells of a training that were made in another way than those of `group`."""
        chosen = self.group(training, scale)
        return [one for one in self._all(training, scale) if one is not chosen]

    def failed(self, method: str, profile: str, scale: int) -> bool:
        """Return whether a seed of a method failed."""
        return (method, profile, scale) in self._failed

    def lengths(self, method: str) -> list[int]:
        """List how many patches a method was trained on, in ascending order."""
        return sorted({one.patches for one in self._groups if one.method == method})

    def _pair(self, one: "Contrast") -> tuple[Group, Group] | str:
        """Return the newest cells of both trainings that can be compared, or why there are none.

        The reason is empty where one of the two was not run.
        """
        pairs = list(product(self._all(one.better, one.scale), self._all(one.other, one.scale)))
        pairs.sort(key=lambda pair: (pair[0].amount, pair[1].amount), reverse=True)
        reasons = [obstacles(*pair) for pair in pairs]
        fair = (pair for pair, reason in zip(pairs, reasons, strict=True) if not reason)
        return next(fair, f"different {reasons[0]}" if reasons else "")

    def contrasts(self, topic: Topic) -> list[Contrast]:
        """Test all claims of a topic, by each metric as one family."""
        return [one for metric in self.metrics for one in self._family(topic, metric)]

    def _family(self, topic: Topic, metric: Metric) -> list[Contrast]:
        planned = [
            Contrast(claim, better, other, scale, metric)
            for claim in topic.claims
            for better, other in claim.pairs
            for scale in SCALES
        ]
        tested = []
        for place, one in enumerate(planned):
            groups = self._pair(one)
            if isinstance(groups, str):
                planned[place] = replace(one, why=groups)
            elif found := _differences(*groups, metric):
                tested.append((place, found, groups))
            else:
                why = f"fewer than two test scenes have a finite difference in {metric.title}"
                planned[place] = replace(one, why=why)
        if not tested:
            return planned
        scenes = sorted({scene for _, found, _ in tested for scene in found})
        table = np.array(
            [[found.get(scene, math.nan) for _, found, _ in tested] for scene in scenes]
        )
        _, over_scenes = sign_flip(table)
        errors = [_over_seeds(*groups, metric) for _, _, groups in tested]
        means = [float(np.nanmean(column)) for column in table.T]
        seeds = {
            index: seeds_test(mean, error)
            for index, (mean, error) in enumerate(zip(means, errors, strict=True))
            if error is not None
        }
        over_seeds = dict(zip(seeds, holm(list(seeds.values())), strict=True))
        for index, (place, found, groups) in enumerate(tested):
            p = max(float(over_scenes[index]), over_seeds.get(index, 0.0))
            scatter = Uncertain.of(list(found.values())) + (errors[index] or Uncertain())
            low, high = interval(means[index], scatter)
            planned[place] = replace(
                planned[place],
                finding=_finding(means[index], p, metric),
                mean=means[index],
                low=low,
                high=high,
                p=p,
                seeds=(len(groups[0].cells), len(groups[1].cells)),
                scenes=len(found),
                besides=besides(*groups),
            )
        return planned


def _differences(better: Group, other: Group, metric: Metric) -> dict[str, float]:
    """Return the differences scene by scene; empty where fewer than two scenes have one."""
    mine, theirs = better.by_scene(metric.name), other.by_scene(metric.name)
    found = {
        scene: round(mine[scene] - theirs[scene], ROUNDED) for scene in mine if scene in theirs
    }
    known = {scene: value for scene, value in found.items() if math.isfinite(value)}
    return known if len(known) > 1 else {}


def _over_seeds(better: Group, other: Group, metric: Metric) -> Uncertain | None:
    """Estimate what the seeds add to the error of a difference; None where each has one."""
    mine, theirs = better.values(metric.name), other.values(metric.name)
    if len(mine) == len(theirs) == 1:
        return None
    return seeds_error(mine, theirs, both=True)


def _finding(mean: float, p: float, metric: Metric) -> str:
    if p >= ALPHA or not mean:
        return UNDECIDED
    return CONFIRMED if (mean > 0) == metric.higher else CONTRADICTED


def count(contrasts: Sequence[Contrast]) -> dict[str, int]:
    """Count the findings, in the order of `FINDINGS`."""
    found = [one.finding for one in contrasts]
    return {finding: found.count(finding) for finding in FINDINGS}
