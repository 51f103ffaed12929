"""The verdicts on published rows: a Markdown page, tables in the terminal, and CSV."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.text import Text

from benchmark.errors import counted, plain
from reports.analysis.metrics import Metric
from reports.analysis.provenance.table import trained_on_more
from reports.analysis.verdicts.groups import Group
from reports.analysis.verdicts.verdicts import (
    EXCEEDED,
    MARGIN,
    NOT_REACHED,
    NOT_RUN,
    REPRODUCED,
    UNDECIDED,
    VERDICTS,
    Evidence,
    Verdict,
)
from reports.formatting import MISSING, REMARKED, TIMES, number, signed
from reports.writers.csv_files import guarded
from reports.writers.markdown import escape, markdown_table
from reports.writers.terminal import new_table, print_whole

if TYPE_CHECKING:
    from rich.console import Console

_WORDS = {REPRODUCED: "within", EXCEEDED: "better", NOT_REACHED: "worse", UNDECIDED: "unclear"}
_STYLES = {REPRODUCED: "green", EXCEEDED: "cyan", NOT_REACHED: "yellow"}  # the others are dim
_COLUMNS = ["Scale", "Published", "Method", "Verdict"]
_FIELDS = [
    "dataset", "protocol", "scale", "published", "paper", "method", "verdict", "metric",
    "metric_verdict", "printed", "measured", "difference", "low", "high", "profile", "seeds",
    "scenes", "steps", "patches", "share", "why",
]  # fmt: skip
_LEGEND = (
    "Of each metric: printed, measured, difference, its interval where something scatters; "
    f"{REMARKED}: with a remark, which `run_all.py published` shows."
)
_RULES = f"""\
A row is a method at one scale under one protocol. Each main metric of the protocol is judged by the
difference of the measured mean from the printed one, and by its 95 % confidence interval (Student's
t). *Within*: the difference is at most {MARGIN} units of the last digit that tables show (0.05 dB,
0.05 degrees), as much as Bicubic rows differ by, which nobody trains, or the interval contains
zero. *Unclear*: it contains zero and Bicubic's score as well, so that it tells the network neither
from its print nor from Bicubic, or no Bicubic cell of the scenes shows their scatter. *Better* and
*worse*: none of these. A row is **{NOT_REACHED}** if one metric is worse, else
**{UNDECIDED}** if one is unclear, **{REPRODUCED}** if every one is within, and **{EXCEEDED}**
otherwise. Reproduced does not mean equal: the wider the interval, the less it says.

Both means are over the same test scenes, so the scatter of the scores themselves over the scenes is
no error of their difference. The interval is made from the scatter of what the method gains over
Bicubic, scene by scene. With several seeds the scatter between them is added, and the print counts
as one more training; with one seed nothing is known of that scatter and nothing is added, so that
the interval is too narrow. Of several profiles the longest training counts, of a method only its
full size: small variants never stand for the published network."""


def verdict_page(found: Sequence[Verdict], command: str) -> str:
    """Write the page.

    Args:
        found: the verdicts.
        command: the command that writes it.
    """
    return "\n\n".join(
        [
            "# Were the published rows reproduced?",
            f"Written by `{command}` from stored cells and printed numbers.",
            _counts(found),
            f"{_first_alone(found).capitalize()}.",
            _RULES,
            *(part for name, rows in _by_protocol(found) for part in _section(name, rows)),
        ]
    )


def verdict_csv(found: Sequence[Verdict]) -> str:
    """Return one row for each published row and main metric.

    `verdict` is that of the row, `metric_verdict` that of the metric; `difference` is measured
    minus printed, `low` and `high` its interval; `share` is the part of the patches' values that
    the network was shown.
    """
    table = pd.DataFrame(verdict_rows(found), columns=_FIELDS)
    texts = ["dataset", "protocol", "published", "paper", "method", "profile", "why"]
    safe = table.assign(**{name: table[name].map(guarded) for name in texts})
    return safe.to_csv(index=False, lineterminator="\n")


def verdict_rows(found: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Return the verdicts as plain values, one row for each published row and main metric."""
    return [
        {
            "dataset": one.dataset,
            "protocol": one.protocol,
            "scale": one.scale,
            "published": one.published,
            "paper": one.paper,
            "method": one.method,
            "verdict": one.verdict,
            "metric": item.metric.name,
            "metric_verdict": item.verdict,
            "printed": item.published.text if item.published else "",
            "measured": _finite(item.measured),
            "difference": _finite(item.difference),
            "low": _finite(item.low),
            "high": _finite(item.high),
            "profile": one.group.profile if one.group else "",
            "seeds": len(one.group.cells) if one.group else 0,
            "scenes": len(one.group.by_scene(item.metric.name)) if one.group else 0,
            "steps": one.group.steps if one.group else 0,
            "patches": one.group.patches if one.group else 0,
            "share": one.group.share if one.group else 0.0,
            "why": one.why,
        }
        for one in found
        for item in one.evidence
    ]


def show_verdicts(found: Sequence[Verdict], console: "Console") -> None:
    """Print one table per protocol, and the counts of the verdicts."""
    for name, rows in _by_protocol(found):
        console.print(Text(f"{plain(rows[0].dataset)}, protocol {plain(name)}", style="bold"))
        console.print()
        table = new_table()
        for heading in [*_COLUMNS, *_metric_columns(rows), "Training"]:
            table.add_column(Text(heading), no_wrap=True)
        for one in rows:
            texts = _texts(one, _metrics(rows))
            styles = ["", "", "", _STYLES.get(one.verdict, "dim"), *("" for _ in texts[4:])]
            table.add_row(
                *(Text(plain(text), style) for text, style in zip(texts, styles, strict=True))
            )
        print_whole(table, console)
        console.print()
    console.print(
        Text(_LEGEND, style="dim"),
        soft_wrap=True,
    )
    console.print(Text(plain(f"{_summary(found)}; {_first_alone(found)}")), soft_wrap=True)


def _by_protocol(found: Sequence[Verdict]) -> Iterator[tuple[str, list[Verdict]]]:
    for name, rows in groupby(found, key=lambda one: one.protocol):
        yield name, list(rows)


def _summary(found: Sequence[Verdict]) -> str:
    counts = Counter(one.verdict for one in found)
    parts = [f"{counts[verdict]} {verdict}" for verdict in VERDICTS]
    return f"{counted(len(found), 'published row')}: {', '.join(parts)}"


def _first_alone(found: Sequence[Verdict]) -> str:
    """Count what the first metric of each protocol alone would say of the rows that were run."""
    first = [
        one.evidence[0].verdict
        for one in found
        if one.verdict != NOT_RUN and one.evidence[0].verdict != NOT_RUN
    ]
    counts = Counter(first)
    parts = [f"{counts[verdict]} {word}" for verdict, word in _WORDS.items()]
    return f"by the first metric alone, {', '.join(parts)} of the {len(first)} that were run"


def _counts(found: Sequence[Verdict]) -> str:
    """Write how many rows of each protocol have each verdict."""
    rows = []
    for name, own in [*_by_protocol(found), ("all", found)]:
        counts = Counter(one.verdict for one in own)
        rows.append([name, *(str(counts[verdict]) for verdict in VERDICTS)])
    headings = ["Protocol", *(verdict.capitalize() for verdict in VERDICTS)]
    return markdown_table(rows, headings, ["left"])


def _section(name: str, found: Sequence[Verdict]) -> list[str]:
    metrics = _metrics(found)
    rows = [[escape(text) for text in _texts(one, metrics)] for one in found]
    headings = [*_COLUMNS, *_metric_columns(found), "Training"]
    papers = "; ".join(dict.fromkeys(one.paper for one in found))
    networks = (one.group for one in found if one.group and one.group.trained)
    others = dict.fromkeys(filter(None, (trained_on_more(group.cells) for group in networks)))
    more = "".join(f" Trained on other data than here: {escape(text)}." for text in others)
    return [
        f"## {escape(name)} on {escape(found[0].dataset)}",
        markdown_table(rows, headings, ["left"] * len(headings)),
        f"{_LEGEND} Printed in: {escape(papers)}.{more}",
    ]


def _metrics(found: Sequence[Verdict]) -> list[Metric]:
    known = {item.metric.name: item.metric for one in found for item in one.evidence}
    return list(known.values())


def _metric_columns(found: Sequence[Verdict]) -> list[str]:
    return [metric.heading for metric in _metrics(found)]


def _texts(one: Verdict, metrics: Sequence[Metric]) -> list[str]:
    """Write a row: scale, names, verdict, the evidence on every metric, and the training."""
    evidence = {item.metric.name: item for item in one.evidence}
    return [
        f"{TIMES}{one.scale}",
        one.published,
        one.method or MISSING,
        one.verdict,
        *(_evidence(evidence.get(metric.name)) for metric in metrics),
        "; ".join(filter(None, (training_of(one.group) if one.group else "", one.why))) or MISSING,
    ]


def _evidence(item: Evidence | None) -> str:
    if item is None or item.published is None:
        return MISSING
    printed = item.published.text + REMARKED * bool(item.published.remark)
    if item.verdict == NOT_RUN:
        return printed
    digits = item.metric.digits
    text = f"{printed}, {number(item.measured, digits)}, {signed(item.difference, digits)}"
    if math.isfinite(item.low):
        text += f" [{signed(item.low, digits)}, {signed(item.high, digits)}]"
    return f"{text} {_WORDS[item.verdict]}"


def training_of(group: Group) -> str:
    """Describe the cells that were compared: profile, training, seeds and scenes."""
    scenes = counted(len(group.results.scores["scene"].unique()), "scene")
    if not group.seeded:
        return scenes
    parts = [group.profile] if group.trained else []
    if group.steps:
        parts.append(counted(group.steps, "step"))
    if group.patches:
        shown = f", {100 * group.share:.0f} % of their values" if group.share < 1 else ""
        parts.append(f"{group.patches:,} patches{shown}")
    return ", ".join([*parts, counted(len(group.cells), "seed"), scenes])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
