"""The page on the paper's claims: tables from stored cells, and what was not run."""

from collections.abc import Mapping, Sequence
from itertools import product

from benchmark.store.cells import Cell
from reports.analysis.metrics import Metric
from reports.analysis.verdicts.claims import (
    DATASET,
    FINDINGS,
    LENGTHS,
    NOT_RUN,
    PROTOCOL,
    SCALES,
    TOPICS,
    Contrast,
    Evidence,
    Topic,
    Training,
    count,
)
from reports.formatting import MISSING, TIMES, p_value, signed
from reports.published.reader import published_for
from reports.tables.sections import over_seeds
from reports.writers.markdown import markdown_table

_PRINTED = {"proposed": "Ours", "vdsr": "Kim[11]"}  # names in the paper's table
_INTRODUCTION = f"""\
Written by `python run_all.py claims --output docs/findings/claims.md` from stored cells: Wang et
al. (ICIG 2017) on test scenes of CAVE under `{PROTOCOL}`, after {LENGTHS[0]:,} and
{LENGTHS[1]:,} patches.
Every claim says that one training is better than another, all else being equal. *Confirmed* and
*contradicted*: the difference is significant at 5 %, all differences of a section by one metric as
one family, by flipped signs over the scenes, and by Welch's test between the seeds where there are
several. *Cannot be told*: it is not, which does not say that the two are equal. With one seed of
each the scatter between trainings is not known, and a finding holds for these two trainings alone.
Intervals (95 %, Student's t) are of each difference by itself."""


def claims_page(cells: Sequence[Cell], profiles: Mapping[int, str]) -> str:
    """Write the page.

    Args:
        cells: the stored cells.
        profiles: numbers of patches, each pass counted, and the profile that trains on so many.
    """
    evidence = Evidence(cells)
    tested = {topic.title: evidence.contrasts(topic) for topic in TOPICS}
    parts = ["# Does the paper's claim hold?", _INTRODUCTION]
    if evidence.metrics:
        parts.append(_summary(tested))
    for topic in TOPICS:
        parts += [f"## {topic.title}", _scores(topic, evidence), _contrasts(tested[topic.title])]
    parts += ["## Not run", _not_run(evidence, profiles)]
    return "\n\n".join(part for part in parts if part)


def _summary(tested: Mapping[str, Sequence[Contrast]]) -> str:
    """Count the findings on every claim by every metric."""
    rows = []
    for contrasts in tested.values():
        claims = dict.fromkeys(one.claim for one in contrasts)
        metrics = dict.fromkeys(one.metric for one in contrasts)
        for claim, metric in product(claims, metrics):
            own = [one for one in contrasts if (one.claim, one.metric) == (claim, metric)]
            rows.append([claim.text, metric.title, *map(str, count(own).values())])
    headings = ["Claim", "By", *(finding.capitalize() for finding in FINDINGS)]
    return markdown_table(rows, headings, ["left", "left"])


def _scores(topic: Topic, evidence: Evidence) -> str:
    """Write the scores of the trainings of a topic, and of longer ones, with the printed rows."""
    asked = topic.trainings
    rows = []
    for method in dict.fromkeys(one.method for one in asked):
        lengths = {one.patches for one in asked if one.method == method}
        for patches in sorted(lengths | set(evidence.lengths(method))):
            training = Training(method, patches)
            rows.append([f"`{method}`", f"{patches:,}", *_row(training, evidence)])
        if printed := _printed(method, evidence.metrics):
            rows.append([f"`{method}`", "printed", *printed])
    columns = [
        f"{metric.heading} {TIMES}{scale}" for metric in evidence.metrics for scale in SCALES
    ]
    return markdown_table(rows, ["Method", "Patches", *columns], ["left"])


def _row(training: Training, evidence: Evidence) -> list[str]:
    texts = []
    for metric in evidence.metrics:
        for scale in SCALES:
            group = evidence.group(training, scale)
            values = group.values(metric.name) if group else []
            texts.append(over_seeds(values, metric.digits))
    return texts


def _printed(method: str, metrics: Sequence[Metric]) -> list[str]:
    """Return the printed row of a method; empty where none is printed."""
    name = _PRINTED.get(method)
    values = {
        (row.metric, row.scale): row.text
        for row in published_for(PROTOCOL, DATASET)
        if row.method == name
    }
    return [
        values.get((metric.name, scale), MISSING)
        for metric in metrics
        for scale in SCALES
        if values
    ]


def _contrasts(contrasts: Sequence[Contrast]) -> str:
    """Write what was tested, a row for every pair of trainings and scale."""
    metrics = list(dict.fromkeys(one.metric for one in contrasts))
    rows: dict[tuple[Training, Training, int], list[str]] = {}
    for one in contrasts:
        if one.finding != NOT_RUN:
            seeds = " and ".join(map(str, one.seeds))
            head = [_pair(one.better, one.other), f"{TIMES}{one.scale}", seeds]
            row = rows.setdefault(
                (one.better, one.other, one.scale), [*head, *(MISSING for _ in metrics)]
            )
            row[len(head) + metrics.index(one.metric)] = _difference(one)
    if not rows:
        return "Nothing of this was compared: the cells are not there."
    headings = ["Difference", "Scale", "Seeds", *(metric.heading for metric in metrics)]
    return markdown_table(rows.values(), headings, ["left"] * len(headings))


def _pair(better: Training, other: Training) -> str:
    if better.patches == other.patches:
        return f"`{better.method}` minus `{other.method}`, {better.patches:,} patches"
    return f"`{better.method}`, {better.patches:,} minus {other.patches:,} patches"


def _difference(one: Contrast) -> str:
    digits = one.metric.digits
    ends = f"{signed(one.low, digits)}, {signed(one.high, digits)}"
    p = p_value(one.p)
    text = f"{signed(one.mean, digits)} [{ends}], p {p if p[0] == '<' else f'= {p}'}"
    return f"{text}: {one.finding}".replace("[", "\\[").replace("]", "\\]").replace("<", "&lt;")


def _not_run(evidence: Evidence, profiles: Mapping[int, str]) -> str:
    """Write the commands that compute what is missing; a finished cell is not run again."""
    lacking: dict[tuple[int, tuple[int, ...]], list[str]] = {}
    for training in dict.fromkeys(one for topic in TOPICS for one in topic.trainings):
        scales = tuple(scale for scale in SCALES if evidence.group(training, scale) is None)
        if scales:
            lacking.setdefault((training.patches, scales), []).append(training.method)
    if not lacking:
        return "Everything that the claims need was run."
    lines = []
    for (patches, scales), methods in sorted(lacking.items()):
        at = ",".join(map(str, scales))
        names = ",".join(methods)
        if patches in profiles:
            lines.append(
                f"python run_all.py --dataset {DATASET} --profile {profiles[patches]} "
                f'--scales {at} --methods "{names}"'
            )
        else:
            lines.append(f"# no profile trains on {patches:,} patches: {names} at {at}")
    return "\n".join(["```sh", *lines, "```"])
