"""A small report with every kind of entry, and a browser to show it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.store.cells import Cell, cells
from benchmark.tools.images.model import CellPreview, Preview
from reports.page import write_page
from tests.reports.conftest import Make, make, scored
from tests.reports.page.browser import Tab, browser, executable

__all__ = ["make"]

WAVELENGTHS = (450.0, 500.0, 550.0, 600.0, 650.0)
BANDS, ROWS, COLUMNS = len(WAVELENGTHS), 20, 24
CORNER = (7, 30)


def cube(seed: int, rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    """Draw a cube of grey levels."""
    drawn = np.random.default_rng(seed).integers(0, 256, (BANDS, rows, columns))
    return drawn.astype(np.uint8)


def preview(seed: int, scale: int, truth: np.ndarray | None = None) -> Preview:
    """Return an artificial preview, always with the same truth by default."""
    top, left = CORNER
    low = (
        (top + ROWS - 1) // scale - top // scale + 1,
        (left + COLUMNS - 1) // scale - left // scale + 1,
    )
    return Preview(
        wavelengths=np.array(WAVELENGTHS),
        shape=np.array((48, 64)),
        corner=np.array(CORNER),
        truth=cube(1) if truth is None else truth,
        low=cube(1000 * scale, *low),
        estimate=cube(seed),
        error=np.linspace(1, 5, BANDS) * seed,
        overview=cube(2, 12, 16)[:3],
    )


def shown_of(
    stored: Sequence[Cell], scenes: Sequence[str] = ("balloons", "face")
) -> list[CellPreview]:
    """Preview finished cells; those of `bare` have lost their weights."""
    found = []
    for number, cell in enumerate(one for one in stored if one.status == "done"):
        for scene in scenes:
            if cell.address.method == "bare":
                found.append(CellPreview(cell.address, scene, None, "it came without weights"))
            else:
                made = preview(10 * number + len(scene), cell.address.scale)
                found.append(CellPreview(cell.address, scene, made))
    return found


@dataclass
class Report:
    """A written page, and the cells behind it."""

    page: Path
    cells: list[Cell]
    shown: list[CellPreview]


def fill(make: Make) -> None:
    """Store cells: done, failed and missing ones, two profiles, two data sets, several seeds."""
    for scale, psnr in ((2, 31.7), (3, 30.5)):
        make(
            "bicubic",
            scale,
            psnr=psnr,
            sam=6.0,
            title="Bicubic",
            published="Bicubic",
            trained=False,
        )
        make("vdsr", scale, psnr=psnr + 5, sam=5.5, title="VDSR", published="Kim[11]")
    make("vdsr", 2, seed=1, psnr=37.0, sam=5.3, title="VDSR", published="Kim[11]")
    make("srcnn", 2, psnr=34.0, sam=5.0, title="SRCNN", published="Dong[4]")
    make("broken", 2, status="failed", reason="RuntimeError: out of memory", title="Broken")
    make("broken", 3, status="failed", reason="ValueError: wrong shape", title="Broken")
    make("bare", 2, psnr=33.0, title="Bare")
    make("bicubic", 2, psnr=29.0, title="Bicubic", profile="quick", trained=False)
    make("bicubic", 2, psnr=40.0, title="Bicubic", dataset="pavia", trained=False,
         rows=scored(40.0, 3.0, ["centre", "university"]))  # fmt: skip


def written(folder: Path, **more: Any) -> Report:
    """Write the page of a folder's cells, with previews of one section."""
    stored = list(cells(folder))
    shown = shown_of(
        [one for one in stored
         if (one.address.dataset, one.address.profile) == ("cave", "standard")
         and one.address.seed == 0]
    )  # fmt: skip
    made = write_page(folder, stored, shown, **more)
    return Report(made.path, stored, shown)


@pytest.fixture(scope="session")
def shelf() -> list[Report]:
    """Return a list that holds the one report of all tests."""
    return []


@pytest.fixture
def report(make: Make, tmp_path: Path, shelf: list[Report]) -> Report:
    """Return a written page, shared by all tests, which must not change it."""
    if not shelf:
        fill(make)
        shelf.append(written(tmp_path))
    return shelf[0]


@pytest.fixture(scope="session")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """Return a tab of a browser."""
    program = executable()
    if program is None:
        pytest.skip("no Chromium or Chrome is installed")
    with browser(program, tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.fixture
def opened(tab: Tab, report: Report) -> Iterator[Tab]:
    """Return the tab with the page open; afterwards nothing may have gone wrong in it."""
    tab.size(1360)
    tab.prefer(prefers_color_scheme="light")
    tab.open(report.page)
    yield tab
    assert tab.complaints() == []
    outside = [one for one in tab.requests() if not one.startswith("data:")]
    assert outside == [report.page.as_uri()]
