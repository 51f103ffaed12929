"""Where a cell comes from, as this suite saw it: the evidence behind a badge.

    results/.origins/<dataset>/<protocol>/<profile>/x<scale>/<method>/seed<k>.json

A record stands beside the cells and not in them. It changes no key, no export has it, and an import
takes none from a zip: it is written only where the suite itself has computed, imported or scored
the cell. It names what it was made for by a digest of the cell's key, weights and scores, so that
it counts for no other cell in the same place.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from benchmark.errors import RequestError
from benchmark.store.address import Address, key_of
from benchmark.store.cells import WEIGHTS, Cell
from benchmark.store.files import locked, write_file, writing

ORIGINS = ".origins"
FORMAT = 1
# What the suite has done with a cell in this results folder: computed it, taken it from a
# submission, or scored its weights again with the same result.
Kind = Literal["computed", "submitted", "rescored"]
KINDS: tuple[Kind, ...] = ("computed", "submitted", "rescored")


@dataclass(frozen=True)
class Identity:
    """What a record is about, independent of the place where it lies.

    Attributes:
        metrics: the columns of the scores that count; `run_all.py score` may add others later.
        digest: of the key, of the weights' SHA-256, and of these columns to the last digit.
    """

    metrics: tuple[str, ...]
    digest: str


def identity_of(cell: Cell, metrics: Sequence[str] = ()) -> Identity:
    """Return the identity of a finished cell.

    Args:
        cell: the cell.
        metrics: columns of its scores; all of its metrics if empty.

    Raises:
        OSError, ValueError, KeyError: its scores cannot be read, or lack a metric.
    """
    names = tuple(metrics) or tuple(str(one["name"]) for one in cell.facts["metrics"])
    with (cell.folder / "scores.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = [[row[name] for name in ("scene", *names)] for row in csv.DictReader(stream)]
    parts = [cell.facts["key"], cell.facts["sums"].get(WEIGHTS), list(names), rows]
    return Identity(names, key_of(parts))


def note(
    results: Path, address: Address, kind: Kind, identity: Identity, details: Mapping[str, Any]
) -> None:
    """Record what was done with a cell; other records of the same cell stay.

    Args:
        results: the results folder.
        address: the cell's address; the cell may be imported later.
        kind: what was done.
        identity: of the cell.
        details: further JSON-serialisable facts.

    Raises:
        RequestError: the folder cannot be written to.
    """
    file = _file(results, address)
    with writing(file), locked(file.with_name(f".{file.name}.lock")):
        record = _read(file)
        record[kind] = {
            "metrics": list(identity.metrics),
            "cell": identity.digest,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            **details,
        }
        _write(file, record)


def note_computed(results: Path, cell: Cell) -> None:
    """Record that a cell was computed for this results folder; a failed one has no record.

    Without a record the cell is as good, and only has no badge: a full disk does not matter here.
    """
    if cell.status == "done":
        with suppress(RequestError, OSError, ValueError, KeyError):
            note(results, cell.address, "computed", identity_of(cell), {})


def withdraw(results: Path, address: Address, kind: Kind) -> None:
    """Remove one of a cell's records, as what it says was found to be wrong.

    Raises:
        RequestError: the folder cannot be written to.
    """
    file = _file(results, address)
    if not file.exists():
        return
    with writing(file), locked(file.with_name(f".{file.name}.lock")):
        record = _read(file)
        record.pop(kind, None)
        _write(file, record)


def evidence(cell: Cell) -> dict[Kind, Mapping[str, Any]]:
    """Return what is recorded about a cell, as it is now; records of a former cell do not count.

    Args:
        cell: as read from its results folder.
    """
    if cell.status != "done":
        return {}
    record = _read(_file(cell.folder.parents[5], cell.address))
    found: dict[Kind, Mapping[str, Any]] = {}
    for kind in KINDS:
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            one = record[kind]
            if identity_of(cell, one["metrics"]).digest == one["cell"]:
                found[kind] = one
    return found


def _file(results: Path, address: Address) -> Path:
    folder = address.folder(results / ORIGINS)
    return folder.with_name(f"{folder.name}.json")


def _write(file: Path, record: Mapping[str, Any]) -> None:
    text = json.dumps({"format": FORMAT, **record}, indent=2, ensure_ascii=False)
    write_file(file, f"{text}\n".encode(errors="backslashreplace"))


def _read(file: Path) -> dict[str, Any]:
    """Read the records of a cell; none where the file is missing or unreadable."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        if record.pop("format") == FORMAT:
            return {kind: record[kind] for kind in KINDS if isinstance(record.get(kind), dict)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return {}
