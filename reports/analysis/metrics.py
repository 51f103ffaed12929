"""The metrics of stored cells, as each cell describes its own.

A cell lists its metrics in the order of its protocol, each with title, unit, digits, direction and
meaning. A metric of anybody's plugin is shown by these facts like any other. A cell of version 0.3
has no list, and the six metrics in `legacy`.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmark.commands import command
from benchmark.errors import listed
from benchmark.store.cells import Cell
from reports.analysis import legacy
from reports.analysis.facts import as_list, as_text
from reports.formatting import signed

_DIGITS, _MOST_DIGITS = 4, 12  # after the decimal point: by default, and at most


@dataclass(frozen=True)
class Metric:
    """How a metric is written.

    Attributes:
        name: its label, as in the columns of the scores: `psnr`, `ergas[ratio=4]`.
        title: its name in tables.
        digits: after the decimal point.
        higher: whether higher is better; None where that is not known.
        unit: empty where it has none.
        meaning: one phrase; may be empty.
        main: whether the protocol's main tables show it.
        code: what identifies its code; empty in cells before version 0.7.
    """

    name: str
    title: str
    digits: int = _DIGITS
    higher: bool | None = False
    unit: str = ""
    meaning: str = ""
    main: bool = False
    code: str = ""

    @property
    def heading(self) -> str:
        """Return the title with an arrow in the better direction."""
        return self.title if self.higher is None else f"{self.title} {'↑' if self.higher else '↓'}"

    def difference(self, measured: float, published: float, digits: int) -> tuple[str, bool | None]:
        """Compare a measured value with a published one.

        Args:
            measured: the measured value.
            published: the published one.
            digits: of the print after the decimal point.

        Returns:
            Measured minus published as text, in the precision of the print, empty where nothing
            finite was measured; and whether it is on the better side, None where it is zero or
            unknown.
        """
        if not math.isfinite(measured):
            return "", None
        # The difference of the printed numbers, which a reader can verify.
        value = round(round(measured, digits) - published, digits)
        known = value and self.higher is not None
        return signed(value, digits), (value > 0) == self.higher if known else None


def metrics_of(cells: Sequence[Cell]) -> tuple[Metric, ...]:
    """Merge the metrics of the cells of one table, in the order of their protocol.

    Args:
        cells: of one data set, protocol and profile.

    Returns:
        First the main metrics, at least one. Titles differ: equal ones get the parameters or the
        names of their metrics.
    """
    # A cell with more metrics than others has the whole order.
    lists = sorted(filter(None, map(_listed, cells)), key=len, reverse=True)
    if not lists or any("metrics" not in cell.facts for cell in cells if cell.status == "done"):
        lists.append([_metric(facts) for facts in legacy.METRICS])
    found: dict[str, Metric] = {}
    for own in lists:
        for metric in own:
            found.setdefault(metric.name, metric)
    metrics = _distinct(found.values())
    if not any(metric.main for metric in metrics):
        metrics[0] = replace(metrics[0], main=True)
    return tuple(sorted(metrics, key=lambda metric: not metric.main))


def main_of(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    """Return the main metrics; the first is the table's primary measure of quality."""
    return tuple(metric for metric in metrics if metric.main)


def disagreements(cells: Sequence[Cell]) -> list[str]:
    """List the facts of metrics that the cells of a table do not agree on, one line each."""
    made: dict[tuple[str, str], dict[Any, list[str]]] = {}
    for cell in cells:
        for metric in _listed(cell):
            for fact, value in asdict(metric).items():
                if fact == "code" and not value:
                    continue
                made.setdefault((metric.name, fact), {}).setdefault(value, []).append(
                    as_text(cell.address.method)
                )
    lines = []
    for (name, fact), values in made.items():
        if len(values) > 1:
            parts = [
                f"{as_text(value) or 'nothing'} ({listed(sorted(set(methods)))})"
                for value, methods in values.items()
            ]
            remedy = f"; compute it anew with: {command('score', '--metrics', as_text(name))}"
            lines.append(
                f"cells describe the metric {as_text(name)} differently: {fact} "
                f"{' against '.join(parts)}{remedy if fact == 'code' else ''}"
            )
    return lines


def legend_of(metrics: Iterable[Metric]) -> str:
    """Describe metrics by their units and meanings: "PSNR in dB: ...; SSIM: ..."."""
    parts = []
    for metric in metrics:
        text = f"{metric.title} in {metric.unit}" if metric.unit else metric.title
        text += f": {metric.meaning}" if metric.meaning else ""
        if text != metric.title:
            parts.append(text)
    return "; ".join(parts)


def joined_titles(metrics: Sequence[Metric]) -> str:
    """Join the titles of metrics: "PSNR, SSIM and SAM"."""
    *first, last = (metric.title for metric in metrics)
    return f"{', '.join(first)} and {last}" if first else last


def from_facts(facts: Iterable[Mapping[str, Any]]) -> list[Metric]:
    """Return metrics from the facts that a protocol lists, with distinct titles."""
    return _distinct(map(_metric, facts))


def _listed(cell: Cell) -> list[Metric]:
    """Return the metrics that a cell lists; a list that another program wrote may hold anything."""
    items = as_list(cell.facts.get("metrics"))
    return [_metric(one) for one in items if isinstance(one, Mapping) and as_text(one.get("name"))]


def _metric(facts: Mapping[str, Any]) -> Metric:
    name, digits = str(facts["name"]), facts.get("digits")
    known = isinstance(digits, int) and 0 <= digits <= _MOST_DIGITS
    return Metric(
        name=name,
        title=as_text(facts.get("title")) or as_text(name),
        digits=int(digits) if known else _DIGITS,  # type: ignore[arg-type]
        higher=facts.get("higher") is True,
        unit=as_text(facts.get("unit")),
        meaning=as_text(facts.get("meaning")),
        main=facts.get("main") is True,
        code=as_text(facts.get("code")),
    )


def _distinct(metrics: Iterable[Metric]) -> list[Metric]:
    """Give metrics of the same title the parameters in their labels, or their names."""
    known = list(metrics)
    for more in (lambda label: label.partition("[")[2].removesuffix("]"), str):
        counts = Counter(metric.title for metric in known)
        known = [
            replace(one, title=f"{one.title} [{as_text(more(one.name))}]")
            if counts[one.title] > 1 and more(one.name)
            else one
            for one in known
        ]
    return known
