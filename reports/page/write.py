"""From cells and previews to `report/index.html`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmark.commands import no_results
from benchmark.errors import RequestError
from benchmark.store.cells import Cell
from benchmark.tools.images.model import CellPreview
from reports.badges import MEANINGS
from reports.output import write_files
from reports.page.cost import Operations
from reports.page.document import document
from reports.page.facts import Described, describe, words
from reports.page.images import ImageStore, PlacedPreview, fit_to_size

LIMIT = 15_000_000  # bytes; a common limit of mail servers
ROOM = 11_000_000  # of these for images, where there are so many cells that scenes are left out


@dataclass(frozen=True)
class Page:
    """The written file.

    Attributes:
        path: the file.
        size: in bytes.
        window: rows and columns of the largest preview in it; 0 without images.
    """

    path: Path
    size: int
    window: int


def write_page(
    results: Path,
    cells: Sequence[Cell],
    previews: Iterable[CellPreview] = (),
    *,
    damaged: Sequence[str] = (),
    without: str = "",
    operations: Operations | None = None,
    limit: int = LIMIT,
) -> Page:
    """Write `report/index.html` below the results folder.

    Args:
        results: the results folder.
        cells: the cells to show.
        previews: previews of test scenes.
        damaged: one line for each cell that cannot be read.
        without: why there are no images; empty where there are.
        operations: of one estimate by each network, where they were counted.
        limit: maximum size of the file in bytes; previews are cropped to keep it.

    Raises:
        RequestError: there are no cells, or the file cannot be written.
    """
    if not cells:
        raise RequestError(no_results(results))
    stored = sorted(cells, key=lambda cell: cell.address)
    described = describe(stored, operations)
    sections = described.sections
    facts: dict[str, Any] = {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "sections": sections,
        "cells": described.cells,
        "damaged": [words(_relative(line, results)) for line in damaged],
        "without": words(without),
        "badges": dict(MEANINGS),
    }
    placed = _place(described, previews, results)
    room = limit - len(document(facts, []).encode())
    store, known = fit_to_size(placed, room) if placed else (ImageStore(), [])
    for one in known:
        sections[one.pop("section")]["images"] = one
    whole = document(facts, store.texts).encode()
    path = results / "report" / "index.html"
    write_files(path.parent, {path: whole}, "the report")
    windows = [max(scene["truth"]["shape"][1:]) for one in known for _, scene in one["scenes"]]
    return Page(path, len(whole), max(windows, default=0))


def _place(
    described: Described, previews: Iterable[CellPreview], results: Path
) -> list[PlacedPreview]:
    """Find the place of every preview in the page's lists."""
    placed = []
    for one in previews:
        section, method = described.places[one.address]
        scene = described.scenes[section].index(one.scene)
        reason = words(_relative(one.reason, results))
        placed.append(PlacedPreview(section, method, one.address.scale, scene, one.preview, reason))
    return placed


def _relative(text: str, results: Path) -> str:
    """Replace the absolute path of the results folder by `results/`."""
    return text.replace(f"{results}/", "results/") if results.is_absolute() else text
