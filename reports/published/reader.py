"""The numbers that papers print, read from the CSV files in `published/`.

A published value belongs to one protocol, as this suite reads its paper, and is never shown
beside a number of another. Each file is tidy, one value a line:

    paper,protocol,dataset,scale,method,metric,value,source
"""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from benchmark.errors import RequestError, listed

FOLDER = Path(__file__).parent
COLUMNS = ("paper", "protocol", "dataset", "scale", "method", "metric", "value", "source")
METRICS = ("psnr", "sam", "sam_float", "ssim", "ergas", "rmse")


@dataclass(frozen=True)
class Row:
    """One published value; `method` is named as in its paper, `text` is the value as printed."""

    paper: str
    protocol: str
    dataset: str
    scale: int
    method: str
    metric: str
    value: float
    source: str
    text: str

    @property
    def key(self) -> tuple[str, str, int, str, str]:
        """Give what a value is looked up by."""
        return (self.protocol, self.dataset, self.scale, self.method, self.metric)


def load(folder: Path = FOLDER) -> tuple[Row, ...]:
    """Read and check every CSV file of a folder, in the order of file names.

    Args:
        folder: where the files are; the suite's own by default.

    Raises:
        RequestError: a file has other columns, a value of another type, or a line twice.
    """
    rows: list[Row] = []
    seen: dict[tuple[str, str, int, str, str], str] = {}
    for file in sorted(folder.glob("*.csv")):
        for place, row in _read(file):
            if row.key in seen:
                raise RequestError(
                    f"{place}: {row.method} x{row.scale} {row.metric} on {row.dataset} is already "
                    f"given at {seen[row.key]}; keep one of them"
                )
            seen[row.key] = place
            rows.append(row)
    return tuple(rows)


def base_name(dataset: str) -> str:
    """Cut a data set's label down to its name: `harvard[scaling=file]+cave` is `harvard`."""
    for mark in "[+@":
        dataset = dataset.partition(mark)[0]
    return dataset.strip()


def published_for(
    protocol: str, dataset: str, rows: Sequence[Row] | None = None
) -> tuple[Row, ...]:
    """Give every value published for a protocol and a data set, in the paper's order.

    Args:
        protocol: the protocol's name; no other protocol's rows are given.
        dataset: a data set's name or label.
        rows: what `load` returned; the suite's own files by default.
    """
    name = base_name(dataset)
    known = _own() if rows is None else rows
    return tuple(row for row in known if (row.protocol, row.dataset) == (protocol, name))


def lookup(protocol: str, dataset: str, scale: int, method: str, metric: str) -> float | None:
    """Give one published value, or None where that protocol's papers print none.

    Args:
        protocol: the protocol's name.
        dataset: a data set's name or label.
        scale: the scale factor.
        method: the name in the paper's table, such as "Dong[4]".
        metric: "psnr" (dB) or "sam" (degrees).
    """
    wanted = (protocol, base_name(dataset), scale, method, metric)
    return next((row.value for row in _own() if row.key == wanted), None)


@lru_cache(maxsize=1)
def _own() -> tuple[Row, ...]:
    return load()


def _read(file: Path) -> list[tuple[str, Row]]:
    try:
        lines = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"{file}: expected a CSV file in UTF-8, {error}") from error
    header = tuple(lines[0]) if lines else ()
    if header != COLUMNS:
        raise RequestError(
            f"{file}:1: expected the columns {','.join(COLUMNS)}; "
            f"found {','.join(header) or 'nothing'}"
        )
    return [
        (f"{file.name}:{number}", _row(f"{file}:{number}", line))
        for number, line in enumerate(lines[1:], 2)
        if line
    ]


def _row(place: str, line: Sequence[str]) -> Row:
    if len(line) != len(COLUMNS):
        raise RequestError(f"{place}: expected {len(COLUMNS)} fields, found {len(line)}")
    fields = {column: text.strip() for column, text in zip(COLUMNS, line, strict=True)}
    empty = [column for column, text in fields.items() if not text]
    if empty:
        raise RequestError(f"{place}: {listed(empty)} must not be empty")
    if not (fields["scale"].isascii() and fields["scale"].isdigit() and int(fields["scale"]) > 1):
        raise RequestError(
            f"{place}: scale: expected a whole number from 2, found '{fields['scale']}'"
        )
    if fields["metric"] not in METRICS:
        raise RequestError(
            f"{place}: metric: expected one of {listed(METRICS)}, found '{fields['metric']}'"
        )
    try:
        value = float(fields["value"])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise RequestError(f"{place}: value: expected a number, found '{fields['value']}'")
    texts = {key: fields[key] for key in ("paper", "protocol", "dataset", "method", "metric")}
    texts |= {"source": fields["source"], "text": fields["value"]}
    return Row(**texts, scale=int(fields["scale"]), value=value)
