"""From cells and previews to `report/index.html`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmark.errors import RequestError
from benchmark.store.cells import Cell
from benchmark.store.files import locked, write_file
from benchmark.tools.images.model import CellPreview
from reports.page.document import document
from reports.page.facts import Described, describe, place_of, words
from reports.page.images import ImageStore, PlacedPreview, fit_to_size

LIMIT = 15_000_000  # bytes; what mail servers take


@dataclass(frozen=True)
class Page:
    """What was written.

    Attributes:
        path: the file.
        size: its bytes.
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
    limit: int = LIMIT,
) -> Page:
    """Write `report/index.html` below the results folder.

    Args:
        results: the results folder.
        cells: what the page is about.
        previews: previews of test scenes.
        damaged: cells that cannot be read, a line each.
        without: why there are no images; empty where there are.
        limit: bytes of the file, at most; previews are cropped until it is kept.

    Raises:
        RequestError: there are no cells, or the file cannot be written.
    """
    if not cells:
        raise RequestError(f"no results in {results}; make them with: python run_all.py")
    stored = sorted(cells, key=lambda cell: cell.address)
    described = describe(stored)
    sections = described.sections
    facts: dict[str, Any] = {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "sections": sections,
        "cells": described.cells,
        "damaged": [words(_relative(line, results)) for line in damaged],
        "without": words(without),
    }
    placed = _place(stored, described, previews, results)
    room = limit - len(document(facts, []).encode())
    store, known = fit_to_size(placed, room) if placed else (ImageStore(), [])
    for one in known:
        sections[one.pop("section")]["images"] = one
    whole = document(facts, store.texts).encode()
    path = results / "report" / "index.html"
    _write(path, whole)
    windows = [max(scene["truth"]["shape"][1:]) for one in known for _, scene in one["scenes"]]
    return Page(path, len(whole), max(windows, default=0))


def _place(
    cells: Sequence[Cell], described: Described, previews: Iterable[CellPreview], results: Path
) -> list[PlacedPreview]:
    """Find the place of every preview in the page's lists."""
    places = list(dict.fromkeys(map(place_of, cells)))
    numbers = {cell.address: index for index, cell in enumerate(cells)}
    placed = []
    for one in previews:
        number = numbers[one.address]
        number_of_section = places.index(place_of(cells[number]))
        section = described.sections[number_of_section]
        column = section["scales"].index(one.address.scale)
        rows = [method["places"][column]["cells"] for method in section["methods"]]
        method = next(index for index, mine in enumerate(rows) if number in mine)
        scene = described.scenes[number_of_section].index(one.scene)
        reason = words(_relative(one.reason, results))
        scale = one.address.scale
        placed.append(PlacedPreview(number_of_section, method, scale, scene, one.preview, reason))
    return placed


def _relative(text: str, results: Path) -> str:
    """Name a file relative to the results folder, not by its path on this machine."""
    return text.replace(f"{results}/", "results/") if results.is_absolute() else text


def _write(path: Path, content: bytes) -> None:
    try:
        with locked(path.parent / ".lock"):
            write_file(path, content)
    except OSError as error:
        raise RequestError(
            f"cannot write the report to {path.parent}: {error.strerror or error}; free space "
            "there or choose another folder with --results"
        ) from error
