"""Cells of other programs, with a correct checksum: left out, or tolerated by the tables."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmark.store.address import key_of
from tests.fuzz.cells import Results

Change = Callable[[dict[str, Any]], None]


def changed(path: str | tuple[str, ...], value: Any) -> Change:
    """Set one fact of a cell, by its keys, or by a text with dots between them."""

    def change(cell: dict[str, Any]) -> None:
        *way, last = path.split(".") if isinstance(path, str) else path
        place = cell
        for key in way:
            place = place[key]
        place[last] = value

    return change


def without(key: str) -> Change:
    """Remove one fact of a cell."""
    return lambda cell: cell.pop(key)


# With a correct checksum, as a program of another version might write them.
STATUS: tuple[Any, ...] = ("running", "", None, 3, [])
SCALES: tuple[Any, ...] = ("2", 3, -2, 2.5, None, [2], 10**400, True)
SEEDS: tuple[Any, ...] = ("0", 1, -1, None, {}, 0.5)
LABELS: tuple[Any, ...] = ("srcnn", "", None, 5, "../../evil", "\x1b[31mespcn", "a" * 300)
ADDRESSES: tuple[Any, ...] = (None, [], "cave", {}, {"dataset": "cave"})
SUMS: tuple[Any, ...] = (None, [], {}, "x", 5)
FOREIGN: dict[str, Change] = {
    **{f"format {value!r}": changed("format", value) for value in (2, 0, "1", None, [1], 1e300)},
    **{f"status {value!r}": changed("status", value) for value in STATUS},
    **{f"no {key}": without(key) for key in ("format", "address", "sums", "status")},
    **{f"address {value!r}": changed("address", value) for value in ADDRESSES},
    **{f"scale {value!r:.9}": changed("address.scale", value) for value in SCALES},
    **{f"seed {value!r}": changed("address.seed", value) for value in SEEDS},
    **{f"method {value!r:.20}": changed("address.method", value) for value in LABELS},
    "another fact in the address": changed("address.more", 1),
    **{f"sums {value!r}": changed("sums", value) for value in SUMS},
    **{f"a sum of {name}": changed(("sums", name), "0" * 64)
       for name in ("../../../../srcnn/seed0/scores.csv", "/dev/zero", "gone", "", ".", "a\0b")},
    "a sum of no text": changed(("sums", "scores.csv"), 5),
}  # fmt: skip

# The store may believe these; the tables must tolerate them.
ODD: dict[str, Change] = {
    **{
        f"{path} {value!r}": changed(path, value)
        for path in (
            "configuration",
            "configuration.method",
            "configuration.method.title",
            "configuration.dataset",
            "configuration.dataset.test",
            "configuration.dataset.trained_on",
            "configuration.recipe",
            "environment",
            "parameters",
            "times",
            "times.fit_s",
            "warnings",
            "reason",
            "date",
            "depends",
        )
        for value in (None, 5, "x\n\x1b[31m|\\", {"z": 1})
    },
    "parameters without end": changed("parameters", 1e999),
    "a time without end": changed("times.fit_s", 1e999),
    "a time before time": changed("times.upscale_s", -1e300),
    "parameters beyond floats": changed("parameters", 10**400),
}


def sealed(change: Change) -> Callable[[Path], None]:
    """Change a cell's facts and correct its checksum."""

    def spoil(folder: Path) -> None:
        cell = json.loads((folder / "cell.json").read_text(encoding="utf-8"))
        cell.pop("seal")
        change(cell)
        cell["seal"] = key_of(cell)
        (folder / "cell.json").write_text(json.dumps(cell), encoding="utf-8")

    return spoil


def test_foreign_cells_are_left_out_although_their_checksum_is_correct(results: Results) -> None:
    for what, change in FOREIGN.items():
        results.feed(what, sealed(change), tables=False)
    results.tally.check(len(FOREIGN))
    assert results.tally.refused == len(FOREIGN)


def test_odd_facts_cost_no_row_of_another_cell(results: Results) -> None:
    for what, change in ODD.items():
        sealed(change)(results.folder)
        results.tally.feed(what, lambda: results.tabulate(what), bool)  # noqa: B023 - fed at once
        results.clear()
    results.tally.check(len(ODD))
