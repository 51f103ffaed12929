"""Tables as CSV."""

import csv
import io
from collections.abc import Iterable

from benchmark.errors import plain
from benchmark.store.cells import Cell
from reports.analysis.cells import Tally
from reports.tables.model import Section

CSV_COLUMNS = (
    "dataset", "protocol", "profile", "scale", "method", "seed", "metric", "mean", "std", "n",
)  # fmt: skip


COMPARISON_COLUMNS = (
    "dataset", "protocol", "profile", "scale", "metric", "against", "method", "other",
    "difference", "low", "high", "better", "n", "p", "p_holm",
)  # fmt: skip


def tidy_csv(tallies: Iterable[Tally]) -> str:
    """Write one row a cell and metric: mean, standard deviation (ddof = 1) and n over scenes.

    A cell that failed keeps its place with n = 0, so that it does not vanish from an analysis.

    Args:
        tallies: cells with their averages.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for one in tallies:
        where = _where(one.cell)
        if one.cell.status == "failed":
            writer.writerows([*where, metric, "", "", 0] for metric in ("psnr", "sam"))
        for metric, summary in one.summaries.items():
            mean = repr(summary.mean) if summary.n else ""
            std = "" if summary.std is None else repr(summary.std)
            writer.writerow([*where, guarded(metric), mean, std, summary.n])
    return text.getvalue()


def comparisons_csv(dataset: str, sections: Iterable[Section]) -> str:
    """Write one row a paired test behind the marks.

    `difference` is method minus other, a mean over n common test scenes, `low` and `high` its 95 %
    bootstrap interval, `better` on how many of the scenes the method is the better one, `p` that of
    Wilcoxon's signed-rank test, `p_holm` the same after Holm over the table.

    Args:
        dataset: the data set's label.
        sections: its sections.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COMPARISON_COLUMNS)
    for section in sections:
        where = [guarded(part) for part in (dataset, section.protocol, section.profile)]
        for one in section.comparisons:
            who = [one.against, guarded(one.method), guarded(one.other)]
            test = one.paired
            numbers = [repr(value) for value in (test.mean, test.low, test.high)]
            chances = [repr(test.p), repr(one.adjusted)]
            writer.writerow(
                [*where, one.scale, one.metric.name, *who, *numbers, one.wins, test.n, *chances]
            )
    return text.getvalue()


def guarded(text: str) -> str:
    """Keep a spreadsheet from taking a label for a formula, a terminal for a command."""
    safe = plain(text)
    return f"'{safe}" if safe.startswith(tuple("=+-@＝＋－＠")) else safe


def _where(cell: Cell) -> list[str]:
    at = cell.address
    fields = (at.dataset, at.protocol, at.profile, str(at.scale), at.method, str(at.seed))
    return [guarded(field) if index not in (3, 5) else field for index, field in enumerate(fields)]
