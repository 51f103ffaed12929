"""The viewer of the page in a browser: pixels, errors, spectra."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmark.store.cells import cells
from tests.reports.conftest import Make
from tests.reports.page.browser import Tab
from tests.reports.page.conftest import CORNER, Report, cube
from tests.reports.page.in_browser.support import TABLE, estimate, method_number, pixels, seen, text


def test_the_viewer_shows_the_very_pixels(opened: Tab, report: Report) -> None:
    seen(opened)
    opened.choose("#view-left", "truth")
    grey = pixels(opened, "#canvas-left")
    assert (grey == cube(1)[2][:, :, None]).all()  # 550 nm at first
    opened.choose("#view-band", "4")
    assert (pixels(opened, "#canvas-left") == cube(1)[4][:, :, None]).all()
    assert text(opened, "#band-text") == "650 nm (band 5 of 5)"
    opened.choose("#view-mode", "colour")
    assert (pixels(opened, "#canvas-left") == cube(1)[[3, 2, 0]].transpose(1, 2, 0)).all()
    assert "600 nm, 550 nm, 450 nm as red, green, blue" in text(opened, "#band-text")
    opened.choose("#view-mode", "band")
    opened.choose("#view-scene", "1")
    opened.choose("#view-scale", "3")
    opened.choose("#view-right", method_number(opened, "VDSR"))
    opened.wait("document.querySelector('#tag-right').textContent === 'VDSR'")
    shown = pixels(opened, "#canvas-right")
    assert (shown == estimate(report, "vdsr", 3, "face")[4][:, :, None]).all()


def test_low_resolution_pixels_lie_where_they_were_taken(opened: Tab, report: Report) -> None:
    seen(opened)
    opened.choose("#view-scale", "3")
    opened.wait("document.querySelector('#view-scale').value === '3'")
    opened.choose("#view-left", "low")
    opened.listen(0.2)
    low = next(one.preview for one in report.shown if one.preview and one.address.scale == 3).low
    grid = np.indices(cube(1).shape[1:])
    at = [(grid[axis] + CORNER[axis]) // 3 - CORNER[axis] // 3 for axis in (0, 1)]
    assert (pixels(opened, "#canvas-left") == low[2][at[0], at[1]][:, :, None]).all()


def test_errors_have_one_colour_bar_in_grey_levels(opened: Tab) -> None:
    seen(opened)
    opened.choose("#view-left", "truth")
    opened.choose("#view-mode", "error")
    assert (pixels(opened, "#canvas-left") == (0, 0, 4)).all()  # the truth has no error
    assert (pixels(opened, "#canvas-right") != (0, 0, 4)).any()
    assert text(opened, "#scale-bar .marks").split("\n")[-1] == "10 or more"
    opened.choose("#view-top", "40")
    assert text(opened, "#scale-bar .marks").split("\n")[-1] == "40 or more"
    assert "grey levels" in text(opened, "#scale-bar")


def test_the_divider_follows_keys_and_the_mouse(opened: Tab) -> None:
    seen(opened)
    opened.run("document.querySelector('#view-divider').focus()")
    for _ in range(5):
        opened.key("ArrowRight")
    assert (
        opened.run("document.querySelector('#canvas-right').style.clipPath")
        == "inset(0px 0px 0px 55%)"
    )
    from_x, from_y = opened.point("#divider")
    to_x, to_y = opened.point("#stage", 0.2, 0.5)
    opened.mouse("mousePressed", from_x, from_y)
    opened.mouse("mouseMoved", to_x, to_y)
    opened.mouse("mouseReleased", to_x, to_y)
    assert opened.run("document.querySelector('#divider').style.left") == "20%"
    opened.mouse("mouseMoved", from_x, from_y)  # after the release it stays
    assert opened.run("document.querySelector('#view-divider').value") == "20"


def table_of_spectra(tab: Tab) -> tuple[list[str], np.ndarray]:
    """Return the names of the spectra, and (bands, spectra) grey levels."""
    names = tab.run(
        "[...document.querySelectorAll('#spectra-table thead th')].map((one) => one.textContent)"
    )
    values: Any = tab.run(
        "[...document.querySelectorAll('#spectra-table tbody tr')].map((row) =>"
        "[...row.querySelectorAll('td')].map((one) => Number(one.textContent.replace('−', '-'))))"
    )
    return names[1:], np.array(values)


def test_a_click_shows_the_spectra_of_its_pixel(opened: Tab, report: Report) -> None:
    seen(opened)
    row, column = 4, 20
    opened.click("#stage", (column + 0.5) / 24, (row + 0.5) / 20)
    assert f"row {row + CORNER[0]}, column {column + CORNER[1]}" in text(opened, "#spectra h3")
    names, values = table_of_spectra(opened)
    assert set(names) == {"Truth", "Bicubic", "SRCNN", "VDSR"}
    assert (values[:, names.index("Truth")] == cube(1)[:, row, column]).all()
    vdsr = estimate(report, "vdsr", 2, "balloons")[:, row, column]
    assert (values[:, names.index("VDSR")] == vdsr).all()
    assert opened.run("document.querySelectorAll('#spectra-plot polyline').length") == 4
    opened.click("#view-minus")
    names, values = table_of_spectra(opened)
    assert (values[:, names.index("VDSR")] == vdsr.astype(int) - cube(1)[:, row, column]).all()


def test_keys_move_the_pixel_too(opened: Tab) -> None:
    seen(opened)
    opened.click("#stage", 4.5 / 24, 4.5 / 20)
    opened.run("document.querySelector('#stage').focus()")
    opened.key("ArrowDown")
    opened.key("ArrowRight", shift=True)
    assert f"row {5 + CORNER[0]}, column {12 + CORNER[1]}" in text(opened, "#spectra h3")
    _, values = table_of_spectra(opened)
    assert (values[:, 0] == cube(1)[:, 5, 12]).all()
    assert f"truth {cube(1)[2, 5, 12]}" in text(opened, "#pixel-text")
    for _ in range(9):
        opened.key("ArrowLeft", shift=True)
    assert f"column {CORNER[1]}" in text(opened, "#spectra h3")  # not beyond the edge
    opened.choose("#pixel-row", "9")
    assert "row 9," in text(opened, "#spectra h3")


def test_a_line_can_be_switched_off(opened: Tab) -> None:
    seen(opened)
    opened.click("#keys button:last-child")
    assert opened.run("document.querySelectorAll('#spectra-plot polyline').length") == 3
    pressed = "document.querySelector('#keys button:last-child').getAttribute('aria-pressed')"
    assert opened.run(pressed) == "false"


def test_missing_images_have_a_reason(opened: Tab) -> None:
    seen(opened)
    absent = text(opened, "#unseen")
    assert "Bare: it came without weights" in absent
    assert "Broken: failed. RuntimeError: out of memory" in absent
    opened.choose("#view-scale", "3")
    assert "SRCNN: missing. not run: no cell is stored" in text(opened, "#unseen")


def test_without_previews_the_page_has_the_reason(tab: Tab, make: Make, tmp_path: Path) -> None:
    from reports.page import write_page

    make("srcnn", 2)
    made = write_page(tmp_path, list(cells(tmp_path)), without="the data set cave was not found")
    tab.open(made.path)
    assert "the data set cave was not found" in text(tab, "#images")
    assert "35.00" in text(tab, TABLE)
    assert tab.complaints() == []
