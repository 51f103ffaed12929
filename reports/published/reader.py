"""The numbers that papers print, read from the CSV files in `published/`.

A published value belongs to one protocol, as this suite reads its paper, and is never shown
beside a number of another. Each file is tidy, one value per line:

    paper,protocol,dataset,scale,method,metric,value,source

A file may have one more column, `remark`, for a value that needs a word: "misprinted: ...".
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.errors import RequestError

FOLDER = Path(__file__).parent
COLUMNS = ("paper", "protocol", "dataset", "scale", "method", "metric", "value", "source")
REMARK = "remark"  # an optional last column
BICUBIC = "Bicubic"  # the name of its rows
_METRIC = r"[a-z][a-z0-9_-]*(\[[^\[\]]+\])?"  # a metric's label: `ergas[ratio=4]`
_KEY = ["protocol", "dataset", "scale", "method", "metric"]


@dataclass(frozen=True)
class PublishedValue:
    """One published value.

    `method` is named as in its paper, `text` is the value as printed, `remark` may be empty.
    """

    paper: str
    protocol: str
    dataset: str
    scale: int
    method: str
    metric: str
    value: float
    source: str
    text: str
    remark: str = ""

    @property
    def digits(self) -> int:
        """Return how many digits are printed after the decimal point."""
        printed = re.match(r"[^.]*\.?([0-9]*)", self.text)
        return len(printed[1]) if printed else 0


# By published name, scale and metric.
Published = Mapping[tuple[str, int, str], PublishedValue]


def published_names(text: str) -> tuple[str, ...]:
    """Return the names that a method declares as `published`; they differ from paper to paper."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def find(published: Published, names: str, scale: int, metric: str) -> PublishedValue | None:
    """Return the value of a method under any of its names; None if there is none.

    Args:
        published: the values to search.
        names: the method's `published`.
        scale: the scale factor.
        metric: the metric's label.
    """
    keys = [(name, scale, metric) for name in published_names(names)]
    return next((published[key] for key in keys if key in published), None)


def load(folder: Path = FOLDER) -> tuple[PublishedValue, ...]:
    """Read and check every CSV file of a folder, in the order of file names.

    Args:
        folder: where the files are; the suite's own by default.

    Raises:
        RequestError: a file has other columns, a value of the wrong type, or a duplicate line.
    """
    # Hidden files and those with a tilde are notes of an operating system or a spreadsheet.
    names = (file for file in folder.iterdir() if not file.name.startswith((".", "~")))
    frames = [_read(file) for file in sorted(names) if file.suffix.lower() == ".csv"]
    table = pd.concat(
        frames or [pd.DataFrame(columns=[*COLUMNS, REMARK, "where"])], ignore_index=True
    )
    again = table[table.duplicated(_KEY)]
    if len(again):
        row = again.iloc[0]
        first = table[(table[_KEY] == row[_KEY]).all(axis=1)].iloc[0]
        raise RequestError(
            f"{row['where']}: {row['method']} x{row['scale']} {row['metric']} on {row['dataset']} "
            f"is already given at {first['where']}; keep one of them"
        )
    table = table.assign(text=table["value"]).astype({"scale": int, "value": float})
    shown = table[[*COLUMNS, "text", REMARK]]
    return tuple(PublishedValue(*row) for row in shown.itertuples(index=False))


def base_name(dataset: str) -> str:
    """Return the name in a data set's label: `harvard` of `harvard[scaling=file]+cave`."""
    for mark in "[+@":
        dataset = dataset.partition(mark)[0]
    return dataset.strip()


def published_for(
    protocol: str, dataset: str, rows: Sequence[PublishedValue] | None = None
) -> tuple[PublishedValue, ...]:
    """Return every value published for a protocol and a data set, in the paper's order.

    Args:
        protocol: the protocol's name; no other protocol's values are returned.
        dataset: a data set's name or label.
        rows: what `load` returned; the suite's own files by default.
    """
    name = base_name(dataset)
    known = _own() if rows is None else rows
    return tuple(row for row in known if (row.protocol, row.dataset) == (protocol, name))


@lru_cache(maxsize=1)
def _own() -> tuple[PublishedValue, ...]:
    return load()


def _read(file: Path) -> pd.DataFrame:
    """Read one file as text, checked; `where` names the line of every value."""
    try:
        # A spreadsheet may put a byte order mark before the text.
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(
            f"{file}: expected a CSV file in UTF-8: {error}; save it as 'CSV UTF-8'"
        ) from error
    first = text.partition("\n")[0]
    remarked = [name.strip() for name in next(csv.reader([first]), [])] == [*COLUMNS, REMARK]
    columns = [*COLUMNS, REMARK] if remarked else [*COLUMNS]
    if problem := "" if remarked else _header_problem(first):
        raise RequestError(
            f"{file}:1: expected the columns {','.join(COLUMNS)}, and {REMARK} where a value needs "
            f"one; {problem}"
        )
    try:
        # Without a header, so that pandas neither guesses an index nor renames a column.
        table = pd.read_csv(
            StringIO(text), header=None, dtype=str, keep_default_na=False, skip_blank_lines=False
        )
    except ValueError as error:  # a wrong number of fields
        raise RequestError(f"{file}: expected a CSV file in UTF-8: {error}") from error
    table.columns = pd.Index(columns)
    table = pd.DataFrame({name: table[name].str.strip() for name in columns})[1:]
    table = table[table.astype(bool).any(axis=1)]
    wrong = {
        **{(name, "a text"): table[name] == "" for name in COLUMNS},
        ("scale", "a whole number from 2"): ~table["scale"].str.fullmatch("[2-9]|[1-9][0-9]+"),
        ("metric", "a metric's label, like psnr or ergas[ratio=4]"): ~table["metric"].str.fullmatch(
            _METRIC
        ),
        ("value", "a number, with a decimal point"): ~np.isfinite(
            pd.to_numeric(table["value"], errors="coerce")
        ),
    }
    for (column, expected), rows in wrong.items():
        if rows.any():
            line, text = int(str(rows.idxmax())) + 1, table.loc[rows, column].iloc[0]
            raise RequestError(f"{file}:{line}: {column}: expected {expected}, found {text!a}")
    table = table if remarked else table.assign(**{REMARK: ""})
    return table.assign(where=[f"{file.name}:{index + 1}" for index in table.index])


def _header_problem(line: str) -> str:
    """Describe how a file's first line differs from the columns; escape what cannot be seen."""
    found = [name.strip() for name in next(csv.reader([line]), [])]
    if not any(found):
        return "found nothing"
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if separator in line:
            return f"found {name} between them: save it with commas"
    for number, (wanted, there) in enumerate(zip_longest(COLUMNS, found), 1):
        if wanted is None:
            return f"found {line}, with column {number} too many"
        if wanted != there:
            what = "missing" if there is None else f"{there!a}, not {wanted!a}"
            return f"found {line}, where column {number} is {what}"
    return ""
