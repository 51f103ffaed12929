"""The scores of a cell with further columns."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from benchmark.errors import reason_of
from benchmark.execution.computation.agreement import differences
from benchmark.execution.computation.evaluation import csv_of
from benchmark.store.remedies import COMPUTE_AGAIN

Facts = Mapping[str, Any]


class RefusedError(Exception):
    """A cell cannot be scored again; the message is the reason."""


@contextmanager
def refusing() -> Iterator[None]:
    """Turn any exception into the reason why a cell is refused; plugins raise anything.

    Raises:
        RefusedError: an exception was raised.
    """
    try:
        yield
    except RefusedError:
        raise
    except Exception as error:
        raise RefusedError(reason_of(error)) from error


def require_same(
    stored: Sequence[Mapping[str, str]],
    computed: Sequence[Mapping[str, Any]],
    metrics: Sequence[Facts],
) -> None:
    """Require that stored scores come out again, up to the tolerance of `differences`.

    Args:
        stored: the rows of the cell.
        computed: the rows that were computed again.
        metrics: the facts of the stored metrics.

    Raises:
        RefusedError: scenes or scores differ.
    """
    names = [[row["scene"] for row in rows] for rows in (stored, computed)]
    if names[0] != names[1]:
        raise RefusedError("its scores are of other scenes than its test scenes now")
    for found in differences(stored, computed, metrics):
        if not found.tolerated:
            raise RefusedError(f"{found}; {COMPUTE_AGAIN}")


def extended(
    stored: Sequence[Mapping[str, str]],
    computed: Sequence[Mapping[str, Any]],
    order: Sequence[str],
    kept: Collection[str],
) -> bytes:
    """Add columns to scores; the values that are kept stay as they are, to the last digit.

    Args:
        stored: the rows of the cell.
        computed: the rows with the metrics to add.
        order: the names of all metrics.
        kept: the stored columns to keep; others are those computed again.

    Returns:
        CSV: the scene, the metrics in their order, further columns.
    """
    rows = []
    for before, now in zip(stored, computed, strict=True):
        values = {**now, **{name: value for name, value in before.items() if name in kept}}
        rows.append({name: values[name] for name in dict.fromkeys(["scene", *order, *values])})
    return csv_of(rows)
