"""Tables as CSV."""

from collections.abc import Iterable
from dataclasses import astuple

import pandas as pd

from benchmark.errors import plain
from reports.analysis.machines import machine_of, machines_of
from reports.analysis.results import ADDRESS, Results
from reports.tables.model import Section

CSV_COLUMNS = [*ADDRESS, "metric", "mean", "std", "n", "machine", "other_machine"]
COMPARISON_COLUMNS = [
    "dataset", "protocol", "profile", "scale", "metric", "against", "method", "other",
    "difference", "low", "high", "better", "n", "seeds", "other_seeds", "p", "p_adjusted",
]  # fmt: skip
_TEXTS = ["dataset", "protocol", "profile", "method", "metric", "other", "machine"]


def tidy_csv(results: Results) -> str:
    """Return one row per cell and metric: mean, standard deviation (ddof = 1) and n over scenes.

    A failed cell is a row with n = 0, so that it does not vanish from an analysis. `machine` names
    what the cell was computed on, `other_machine` is true where that is not the machine of most
    cells of the same protocol and profile.
    """
    failed = results.cells.loc[results.cells["status"] == "failed", ADDRESS]
    lost = failed.merge(pd.DataFrame({"metric": ["psnr", "sam"], "n": 0}), how="cross")
    table = pd.concat([results.cell_means, lost]).sort_values(ADDRESS, kind="stable")
    return _csv(table.merge(_machines(results), on=ADDRESS)[CSV_COLUMNS])


def _machines(results: Results) -> pd.DataFrame:
    """Return one row per cell: its address, machine, and whether most others have another one."""
    rows = []
    for _, cells in results.cells.groupby(["dataset", "protocol", "profile"]):
        machines = machines_of(list(cells["cell"]))
        rows += [
            (*astuple(cell.address), machines.names[machine_of(cell)], bool(machines.note(cell)))
            for cell in cells["cell"]
        ]
    return pd.DataFrame(rows, columns=[*ADDRESS, "machine", "other_machine"], dtype=object)


def comparisons_csv(dataset: str, sections: Iterable[Section]) -> str:
    """Return one row for each paired test of a table.

    `against` is "best" or "other" for a pair of methods of a column, depending on whether the other
    is the best of it, and "baseline" for a comparison with that. `difference` is method minus
    other, a mean over n common test scenes, `low` and `high` its 95 % confidence interval, `better`
    the number of scenes on which the method is better, `p` that of the comparison alone,
    `p_adjusted` for all pairs of the column or for all its comparisons with the baseline.

    Args:
        dataset: the data set's label.
        sections: its sections.
    """
    rows = [
        (dataset, section.protocol, section.profile, one.scale, one.metric.name, one.against,
         one.method, one.other, one.mean, one.low, one.high, one.wins, one.n, *one.seeds,
         one.p, one.adjusted)
        for section in sections for one in section.comparisons
    ]  # fmt: skip
    return _csv(pd.DataFrame(rows, columns=COMPARISON_COLUMNS))


def _csv(table: pd.DataFrame) -> str:
    texts = [name for name in _TEXTS if name in table]
    safe = table.assign(**{name: table[name].astype(object).map(guarded) for name in texts})
    return safe.to_csv(index=False, lineterminator="\n")


def guarded(text: str) -> str:
    """Make a label safe: no formula for a spreadsheet, no control sequence for a terminal."""
    safe = plain(text)
    return f"'{safe}" if safe.startswith(tuple("=+-@＝＋－＠")) else safe
