"""Tables as CSV."""

from collections.abc import Iterable

import pandas as pd

from benchmark.errors import plain
from reports.analysis.results import ADDRESS, Results
from reports.tables.model import Section

CSV_COLUMNS = [*ADDRESS, "metric", "mean", "std", "n"]
COMPARISON_COLUMNS = [
    "dataset", "protocol", "profile", "scale", "metric", "against", "method", "other",
    "difference", "low", "high", "better", "n", "p", "p_holm",
]  # fmt: skip
_TEXTS = ["dataset", "protocol", "profile", "method", "metric", "other"]


def tidy_csv(results: Results) -> str:
    """Write one row a cell and metric: mean, standard deviation (ddof = 1) and n over scenes.

    A cell that failed keeps its place with n = 0, so that it does not vanish from an analysis.
    """
    failed = results.cells.loc[results.cells["status"] == "failed", ADDRESS]
    lost = failed.merge(pd.DataFrame({"metric": ["psnr", "sam"], "n": 0}), how="cross")
    table = pd.concat([results.cell_means, lost]).sort_values(ADDRESS, kind="stable")
    return _csv(table[CSV_COLUMNS])


def comparisons_csv(dataset: str, sections: Iterable[Section]) -> str:
    """Write one row a paired test behind the marks.

    `difference` is method minus other, a mean over n common test scenes, `low` and `high` its 95 %
    bootstrap interval, `better` on how many of the scenes the method is the better one, `p` that of
    Wilcoxon's signed-rank test, `p_holm` the same after Holm over the table.

    Args:
        dataset: the data set's label.
        sections: its sections.
    """
    rows = [
        (dataset, section.protocol, section.profile, one.scale, one.metric.name, one.against,
         one.method, one.other, one.test.mean, one.test.low, one.test.high, one.wins, one.test.n,
         one.test.p, one.adjusted)
        for section in sections for one in section.comparisons
    ]  # fmt: skip
    return _csv(pd.DataFrame(rows, columns=COMPARISON_COLUMNS))


def _csv(table: pd.DataFrame) -> str:
    texts = [name for name in _TEXTS if name in table]
    safe = table.assign(**{name: table[name].astype(object).map(guarded) for name in texts})
    return safe.to_csv(index=False, lineterminator="\n")


def guarded(text: str) -> str:
    """Keep a spreadsheet from taking a label for a formula, a terminal for a command."""
    safe = plain(text)
    return f"'{safe}" if safe.startswith(tuple("=+-@＝＋－＠")) else safe
