"""Which version of which protocol cells were scored under."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.errors import plain
from benchmark.store.cells import Cell
from reports.analysis.facts import as_text, get_nested


def version_of(cell: Cell) -> str:
    """Return the version of a cell's protocol; "" for cells of version 0.3, which record none."""
    return as_text(get_nested(cell.facts, "configuration", "protocol", "version"))


def versions_of(cells: Sequence[Cell]) -> str:
    """Return the version of the cells' protocol; several are joined by "and"."""
    return " and ".join(sorted(set(filter(None, map(version_of, cells)))))


def protocol_of(cells: Sequence[Cell]) -> str:
    """Return the name of the cells' protocol with its version: "li2020, version 1"."""
    name, versions = plain(cells[0].address.protocol), versions_of(cells)
    if not versions:
        return name
    return f"{name}, version{'s' * (' and ' in versions)} {versions}"


def fits(cell: Cell, facts: Mapping[str, Any], dataset: str) -> bool:
    """Return whether a cell is of this data set, and of this version of a protocol."""
    at = (cell.address.dataset, cell.address.protocol)
    return at == (dataset, facts["name"]) and version_of(cell) in ("", as_text(facts["version"]))


def bicubic_labels(facts: Mapping[str, Any]) -> list[str]:
    """Return the labels that a printed Bicubic row is compared with, the preferred one first.

    Papers compute the row without clipping, which shows where a protocol rounds nothing.
    """
    labels = ["bicubic[clip=false]", "bicubic"]
    return labels if facts.get("scored_levels") is None else labels[::-1]
