"""Tables as CSV."""

from collections.abc import Iterable, Iterator
from dataclasses import astuple

import pandas as pd

from benchmark.errors import plain
from benchmark.store.cells import COUNTS
from reports.analysis.metrics import main_of
from reports.analysis.provenance.machines import machine_of
from reports.analysis.provenance.protocols import version_of
from reports.analysis.results import ADDRESS, Results
from reports.badges import badge_of, worth_showing
from reports.tables.model import Section

CSV_COLUMNS = [
    *ADDRESS, "metric", "mean", "std", "n", "machine", "other_machine", "protocol_version"
]  # fmt: skip
COMPARISON_COLUMNS = [
    "dataset", "protocol", "profile", "scale", "metric", "against", "method", "other",
    "difference", "low", "high", "better", "n", "seeds", "other_seeds", "p", "p_adjusted",
    "protocol_version",
]  # fmt: skip
_TEXTS = ["dataset", "protocol", "profile", "method", "metric", "other", "machine",
          "protocol_version"]  # fmt: skip


def tidy_csv(results: Results) -> str:
    """Return one row per cell and metric: mean, standard deviation (ddof = 1) and n over scenes.

    A failed cell is a row with n = 0, so that it does not vanish from an analysis. `machine` names
    what the cell was computed on, `other_machine` is true where that is not the machine of most
    cells of the same protocol and profile; `protocol_version` is empty for cells of version 0.3.
    Where some cell was submitted, a last column `badge` says how far each was checked.
    """
    means = results.cell_means[~results.cell_means["metric"].isin(COUNTS)]
    table = pd.concat([means, _failed(results)]).sort_values(ADDRESS, kind="stable")
    table = table.merge(_machines(results), on=ADDRESS)[CSV_COLUMNS]
    if worth_showing(results.stored):
        rows = [(*astuple(cell.address), badge_of(cell).name) for cell in results.stored]
        badges = pd.DataFrame(rows, columns=[*ADDRESS, "badge"], dtype=object)
        table = table.merge(badges, on=ADDRESS)
    return _csv(table)


def _failed(results: Results) -> pd.DataFrame:
    """Return a row with n = 0 for every failed cell and main metric of its table."""
    rows = []
    for table in _tables(results):
        names = [metric.name for metric in main_of(table.metrics)]
        failed = table.cells[table.cells["status"] == "failed"]
        rows += [(*astuple(cell.address), name, 0) for cell in failed["cell"] for name in names]
    return pd.DataFrame(rows, columns=[*ADDRESS, "metric", "n"], dtype=object)


def _machines(results: Results) -> pd.DataFrame:
    """Return one row per cell: its address, machine, and whether most others have another one."""
    rows = [
        (
            *astuple(cell.address),
            table.machines.names[machine_of(cell)],
            bool(table.machines.note(cell)),
            version_of(cell),
        )
        for table in _tables(results)
        for cell in table.stored
    ]
    columns = [*ADDRESS, "machine", "other_machine", "protocol_version"]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _tables(results: Results) -> Iterator[Results]:
    """Yield the results of every data set, protocol and profile."""
    place = ["dataset", "protocol", "profile"]
    for values in results.cells[place].drop_duplicates().itertuples(index=False):
        yield results.select(**dict(zip(place, values, strict=True)))


def comparisons_csv(dataset: str, sections: Iterable[Section]) -> str:
    """Return one row for each paired test of a table.

    `against` is "best" or "other" for a pair of methods of a column, depending on whether the other
    is the best of it, and "baseline" for a comparison with that. `difference` is method minus
    other, a mean over n common test scenes, `low` and `high` its 95 % confidence interval, `better`
    the number of scenes on which the method is better, `p` that of the comparison alone,
    `p_adjusted` for all pairs of the column or for all its comparisons with the baseline. Several
    versions of a protocol are joined: "1 and 2".

    Args:
        dataset: the data set's label.
        sections: its sections.
    """
    rows = [
        (dataset, section.protocol, section.profile, one.scale, one.metric.name, one.against,
         one.method, one.other, one.mean, one.low, one.high, one.wins, one.n, *one.seeds,
         one.p, one.adjusted, section.version)
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
