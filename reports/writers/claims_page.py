"""The page on the paper's claims: tables from stored cells, and what was not run."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path

from benchmark.commands import FOLDERS
from benchmark.commands import command as command_line
from benchmark.errors import listed
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
from reports.formatting import MISSING, REMARKED, TIMES, p_value, signed
from reports.published.reader import published_for
from reports.tables.sections import over_seeds
from reports.writers.markdown import escape, markdown_table

_PRINTED = {"proposed": "Ours", "vdsr": "Kim[11]"}  # names in the paper's table
_INTRODUCTION = f"""\
Written by `{{}}` from stored cells: Wang et
al. (ICIG 2017) on test scenes of CAVE under `{PROTOCOL}`, after {LENGTHS[0]:,} and
{LENGTHS[1]:,} patches.
Every claim says that one training is better than another. Trainings of one length are compared if
they have scenes, recipe and engine in common, variants of one network also its code. A longer one
is of another profile, whose recipe may differ. What differs beside what a claim says is listed
below its differences.
*Confirmed* and *contradicted*: the difference is significant at 5 %, all differences of a section
by one metric as one family, by flipped signs over the scenes, and by Welch's test between the seeds
where there are several. *Cannot be told*: it is not, which does not say that the two are equal.
With one seed of each the scatter between trainings is not known, and a finding holds for these two
trainings alone. Intervals (95 %, Student's t) are of each difference by itself."""
_BESIDES = f"{REMARKED} Some of the trainings differ in more than the claim says, as listed below."


def claims_page(
    cells: Sequence[Cell],
    profiles: Mapping[int, str],
    command: str,
    results: Path = FOLDERS["results"],
) -> str:
    """Write the page.

    Args:
        cells: the stored cells.
        profiles: numbers of patches, each pass counted, and the profile that trains on so many.
        command: the command that writes it.
        results: the folder of the cells, where the ones that lack belong.
    """
    evidence = Evidence(cells)
    tested = {topic.title: evidence.contrasts(topic) for topic in TOPICS}
    parts = ["# Does the paper's claim hold?", _INTRODUCTION.format(command)]
    if evidence.metrics:
        parts.append(_summary(tested))
    for topic in TOPICS:
        contrasts = tested[topic.title]
        parts += [f"## {topic.title}", _scores(topic, evidence), _left_out(topic, evidence)]
        parts += [_contrasts(contrasts), _besides(contrasts), _not_compared(contrasts)]
    parts += ["## Not run", _not_run(evidence, profiles, results)]
    return "\n\n".join(part for part in parts if part)


def _summary(tested: Mapping[str, Sequence[Contrast]]) -> str:
    """Count the findings on every claim by every metric."""
    rows = []
    for contrasts in tested.values():
        claims = dict.fromkeys(one.claim for one in contrasts)
        metrics = dict.fromkeys(one.metric for one in contrasts)
        for claim, metric in product(claims, metrics):
            own = [one for one in contrasts if (one.claim, one.metric) == (claim, metric)]
            text = claim.text + REMARKED * any(one.besides for one in own)
            rows.append([text, metric.title, *map(str, count(own).values())])
    headings = ["Claim", "By", *(finding.capitalize() for finding in FINDINGS)]
    table = markdown_table(rows, headings, ["left", "left"])
    marked = any(one.besides for contrasts in tested.values() for one in contrasts)
    return f"{table}\n\n{_BESIDES}" if marked else table


def _scores(topic: Topic, evidence: Evidence) -> str:
    """Write the scores of the trainings of a topic, and of longer ones, with the printed rows."""
    asked = topic.trainings
    rows = []
    for method in dict.fromkeys(one.method for one in asked):
        lengths = {one.patches for one in asked if one.method == method}
        for patches in sorted(lengths | set(evidence.lengths(method))):
            training = Training(method, patches)
            shown = _shown(training, evidence)
            rows.append([f"`{method}`", f"{patches:,}{shown}", *_row(training, evidence)])
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
            # A mean over fewer scenes is none of the test scenes.
            complete = group is not None and not math.isnan(group.mean(metric.name))
            values = group.values(metric.name) if group and complete else []
            texts.append(over_seeds(values, metric.digits))
    return texts


def _shown(training: Training, evidence: Evidence) -> str:
    """Write which part of the patches' values a network was shown, where that is not all."""
    groups = [group for scale in SCALES if (group := evidence.group(training, scale))]
    shares = dict.fromkeys(f"{100 * one.share:.0f}" for one in groups if 0 < one.share < 1)
    return f" ({' or '.join(shares)} % of their values)" if shares else ""


def _left_out(topic: Topic, evidence: Evidence) -> str:
    """Name the cells of a topic that were made in another way than those in its scores."""
    scales: dict[str, list[str]] = {}
    for training, scale in product(topic.trainings, SCALES):
        for group in evidence.left_out(training, scale):
            seeds = ", ".join(str(cell.address.seed) for cell in group.cells)
            text = f"`{training.method}`, {training.patches:,} patches, seed {seeds}"
            scales.setdefault(text, []).append(f"{TIMES}{scale}")
    if not scales:
        return ""
    return (
        "Not in these scores, as they were made in another way, but in a difference where only "
        f"they can be compared: {'; '.join(f'{one}, {listed(at)}' for one, at in scales.items())}."
    )


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
            head = [_pair(one.better, one.other), f"{TIMES}{one.scale}", seeds, str(one.scenes)]
            row = rows.setdefault(
                (one.better, one.other, one.scale), [*head, *(MISSING for _ in metrics)]
            )
            row[len(head) + metrics.index(one.metric)] = _difference(one)
    if not rows:
        there = any(one.why for one in contrasts)
        return "Nothing of this was compared" + ("." if there else ": the cells are not there.")
    headings = ["Difference", "Scale", "Seeds", "Scenes", *(metric.heading for metric in metrics)]
    return markdown_table(rows.values(), headings, ["left"] * len(headings))


def _besides(contrasts: Sequence[Contrast]) -> str:
    """List in what the compared trainings differ beside what the claims say."""
    return _listed(
        "The trainings also differ in this:",
        ((one, "; ".join(one.besides)) for one in contrasts if one.besides),
    )


def _not_compared(contrasts: Sequence[Contrast]) -> str:
    """List the trainings that are stored and were not compared, and why."""
    return _listed("Stored, but not compared:", ((one, one.why) for one in contrasts if one.why))


def _listed(head: str, texts: Iterable[tuple[Contrast, str]]) -> str:
    """Write one line for each text on a pair of trainings, with the scales that it is about."""
    scales: dict[tuple[str, str], dict[str, None]] = {}
    for one, text in texts:
        key = (_pair(one.better, one.other), text)
        scales.setdefault(key, {})[f"{TIMES}{one.scale}"] = None
    lines = [f"- {pair}, {', '.join(at)}: {escape(text)}" for (pair, text), at in scales.items()]
    return "\n".join([f"{head}\n", *lines]) if lines else ""


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


def _not_run(evidence: Evidence, profiles: Mapping[int, str], results: Path) -> str:
    """Write the commands that compute what is missing; a finished cell is not run again."""
    lacking: dict[tuple[int, tuple[int, ...]], list[str]] = {}
    for training in dict.fromkeys(one for topic in TOPICS for one in topic.trainings):
        scales = tuple(scale for scale in SCALES if evidence.group(training, scale) is None)
        if scales:
            lacking.setdefault((training.patches, scales), []).append(training.method)
    if not lacking:
        return "There are cells of every training that the claims are about."
    lines: list[str] = []
    for (patches, scales), methods in sorted(lacking.items()):
        at = ",".join(map(str, scales))
        names = ",".join(methods)
        if patches in profiles:
            profile = profiles[patches]
            failed = any(
                evidence.failed(method, profile, scale)
                for method, scale in product(methods, scales)
            )
            words = ["--dataset", DATASET, "--profile", profile, "--scales", at, "--methods", names]
            words += ["--retry-failed"] * failed
            lines.append(command_line(*words, results=results))
        else:
            lines.append(f"# no profile trains on {patches:,} patches: {names} at {at}")
    return "\n".join(["```sh", *lines, "```"])
