"""Training curves of a section, for the page."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from benchmark.errors import plain, reason_of, redact_paths
from benchmark.store.cells import Cell
from reports.analysis.results import Results

_LONGEST = 120  # points of a curve in the page; of longer ones, some are left out
_DIGITS = {"psnr": 3, "seconds": 2}  # after the decimal point
_SIGNIFICANT = 4  # digits of a loss


def curves_of(
    results: Results, labels: Mapping[str, int], numbers: Mapping[Any, int]
) -> dict[str, Any]:
    """Read the training curves of finished cells.

    Args:
        results: of one data set, protocol and profile.
        labels: the index of each method.
        numbers: the index of each cell, by its address.

    Returns:
        `shown`, one entry a curve: method, scale, cell, and the lists step, psnr, loss, seconds;
        and `absent`: method, scale, seed and the reason why there is no curve. A method that is
        not trained in steps is in neither.
    """
    shown: list[dict[str, Any]] = []
    absent: list[list[Any]] = []
    for cell in results.stored:
        if cell.status != "done":
            continue
        at = cell.address
        try:
            columns = _columns(cell)
        except (OSError, ValueError, KeyError, TypeError) as error:
            why = redact_paths(plain(f"its training curve cannot be read ({reason_of(error)})"))
            absent.append([labels[at.method], at.scale, at.seed, why])
            continue
        if columns:
            shown.append(
                {"method": labels[at.method], "scale": at.scale, "cell": numbers[at], **columns}
            )
    return {"shown": shown, "absent": absent}


def _columns(cell: Cell) -> dict[str, list[Any]]:
    rows = cell.training()
    if rows is None or rows.empty:
        return {}
    kept = rows.iloc[list(_kept(len(rows)))]
    return {
        name: [_rounded(float(value), name) for value in kept[name]]
        for name in ("step", "psnr", "loss", "seconds")
    }


def _kept(count: int) -> Iterator[int]:
    """Yield the rows that the page holds: evenly spread, the last one included."""
    if count <= _LONGEST:
        yield from range(count)
        return
    for index in range(1, _LONGEST + 1):
        yield -(-index * count // _LONGEST) - 1


def _rounded(value: float, name: str) -> float | int | None:
    if not math.isfinite(value):
        return None
    if name == "step":
        return int(value)
    return round(value, _DIGITS[name]) if name in _DIGITS else float(f"{value:.{_SIGNIFICANT}g}")
