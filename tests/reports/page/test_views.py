"""Cost, training curves, paired tests, badges and CSV files of the page, in a browser."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.store import origins
from benchmark.store.cells import cells
from reports.analysis.comparison.pairs import compare
from reports.analysis.results import read_results
from reports.page import write_page
from tests.reports.analysis.comparison.support import SEVEN, stored
from tests.reports.conftest import Make
from tests.reports.page.browser import Tab
from tests.reports.page.conftest import Report, written
from tests.reports.page.in_browser.support import TABLE, entries, rows, text

CURVE = [
    {"step": step, "loss": 1 / step, "psnr": 30 + step / 100, "rate": 0.1, "seconds": step / 10}
    for step in (100, 200, 300)
]


def saved(tab: Tab, button: str) -> tuple[str, list[dict[str, str]]]:
    """Press a button that saves a CSV file; return the name of the file and its rows."""
    tab.run(
        "URL.createObjectURL = (blob) => { window.saved = blob.text(); return 'blob:none'; };"
        "HTMLAnchorElement.prototype.click = function () { window.named = this.download; };"
    )
    tab.run(f"document.querySelector('{button}').click()")
    content = str(tab.run("window.saved"))
    return str(tab.run("window.named")), list(csv.DictReader(io.StringIO(content)))


def points(tab: Tab, plot: str) -> dict[str, tuple[float, float]]:
    """Return the points of a plot by the first word of their notes."""
    found: list[Any] = tab.run(
        f"[...document.querySelectorAll('{plot} circle.dot')].map((one) =>"
        "[one.textContent.split(':')[0], Number(one.getAttribute('cx')),"
        " Number(one.getAttribute('cy'))])"
    )
    return {name: (x, y) for name, x, y in found}


def test_the_numbers_of_the_table_can_be_saved(opened: Tab, report: Report) -> None:
    name, found = saved(opened, "#comparison .csv")
    assert name == "hsisr-cave-wang2017-standard-comparison.csv"
    assert {one["protocol"] for one in found} == {"wang2017"}
    vdsr = next(one for one in found if one["Method"] == "VDSR")
    means = [
        one.scores()["psnr"].mean() for one in report.cells
        if (one.address.method, one.address.scale, one.address.dataset) == ("vdsr", 2, "cave")
    ]  # fmt: skip
    assert float(vdsr["PSNR x2 measured"]) == pytest.approx(np.mean(means), abs=1e-12)
    assert vdsr["PSNR x2 published"] == "36.98"
    assert float(vdsr["PSNR x2 difference"]) == pytest.approx(np.mean(means) - 36.98, abs=1e-9)
    assert vdsr["PSNR x2 measured seeds"] == "2"
    ours = next(one for one in found if one["Method"] == "Ours")
    assert (ours["PSNR x2 published"], ours["PSNR x2 measured"]) == ("38.24", "")


def test_a_file_holds_the_rows_that_a_filter_hides(opened: Tab) -> None:
    opened.type("#scenes-filter", "face")
    assert rows(opened, "#scenes-table") == ["face"]
    name, found = saved(opened, "#scenes .csv")
    assert name.endswith("-scenes.csv")
    assert [one["Scene"] for one in found] == ["balloons", "face", "flowers"]
    _, found = saved(opened, "#cells .csv")
    assert {one["State"] for one in found} == {"done", "failed", "missing"}


def test_a_text_is_no_formula_in_a_file(tab: Tab, make: Make, tmp_path: Path) -> None:
    make("srcnn", 2, title='=1+1,"x"')
    tab.open(written(tmp_path).page)
    (row,) = [one for one in saved(tab, "#comparison .csv")[1] if "1+1" in one["Method"]]
    assert row["Method"] == '\'=1+1,"x"'


@pytest.fixture
def costly(make: Make, tmp_path: Path) -> Path:
    """Write a page of two networks and a method without one."""
    make("bicubic", psnr=30.0, title="Bicubic", trained=False, bands=31, upscale_s=0.01)
    make("srcnn", psnr=33.0, title="SRCNN", bands=31, upscale_s=0.1, curve=CURVE)
    make("vdsr", psnr=36.0, title="VDSR", bands=31, upscale_s=1.0, curve=CURVE)
    make("vdsr", seed=1, psnr=36.5, title="VDSR", bands=31, upscale_s=1.0, curve=CURVE[:2])
    counts = {("srcnn", 2, 31): 2e9, ("vdsr", 2, 31): 4e11, ("bicubic", 2, 31): None}
    return write_page(tmp_path, list(cells(tmp_path)), operations=counts).path


def test_quality_is_shown_against_operations_and_seconds(tab: Tab, costly: Path) -> None:
    tab.size(1360)
    tab.open(costly)
    by_operations, by_seconds = (points(tab, f"#cost-{one}") for one in ("operations", "upscale"))
    assert set(by_operations) == {"SRCNN", "VDSR"}
    assert set(by_seconds) == {"Bicubic", "SRCNN", "VDSR"}
    for found in (by_operations, by_seconds):  # better is above, dearer to the right
        assert found["VDSR"][0] > found["SRCNN"][0]
        assert found["VDSR"][1] < found["SRCNN"][1]
    x = [by_seconds[one][0] for one in ("Bicubic", "SRCNN", "VDSR")]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.1)  # 10 times each: logarithmic
    assert "Not in this plot: Bicubic." in text(tab, "#cost-operations")
    assert entries(tab, "VDSR", "#cost-table")[2:4] == ["400 GFLOP", "1.00 s"]
    assert entries(tab, "Bicubic", "#cost-table")[2] == "–"
    assert saved(tab, "#cost .csv")[1][2]["Operations"] == "400000000000"
    assert tab.complaints() == []


def test_training_curves_are_those_of_the_cells(tab: Tab, costly: Path) -> None:
    tab.size(1360)
    tab.open(costly)
    lines = "document.querySelectorAll('#training-psnr polyline').length"
    assert tab.run(lines) == 3  # one for each seed
    tab.mouse("mouseMoved", *tab.point("#training-psnr", 0.9, 0.2))
    told = tab.run("document.querySelector('#training-psnr .note').textContent")
    assert told.endswith(": step 300, 30 s, 33.00 dB")
    tab.click("#training .keys button:last-child")  # VDSR off
    assert tab.run(lines) == 1
    assert tab.run("document.activeElement.textContent") == "VDSR"
    _, found = saved(tab, "#training button[aria-label*=curves]")
    mine = [one for one in found if (one["method"], one["seed"]) == ("vdsr", "1")]
    assert [float(one["validation PSNR (dB)"]) for one in mine] == [31.0, 32.0]
    tab.choose("#training-across", "seconds")
    axis = tab.run("document.querySelector('#training-loss').textContent")  # of a picture
    assert "seconds of training" in axis
    assert tab.complaints() == []


def test_paired_tests_are_those_of_the_tables(tab: Tab, make: Make, tmp_path: Path) -> None:
    stored(make, SEVEN)
    results = read_results(cells(tmp_path))
    items = [one for one in compare(results, results.methods()).items
             if one.metric.name == "psnr" and one.against == "best"]  # fmt: skip
    tab.open(written(tmp_path).page)
    titles = {one.label: one.title for one in results.methods()}
    assert set(rows(tab, "#tests-table")) == {titles[one.method] for one in items}
    _, found = saved(tab, "#tests .csv")
    for one in items:
        row = next(row for row in found if row["Method"] == titles[one.method])
        numbers = [float(row[name]) for name in ("Difference", "Interval from", "Interval to",
                                                 "p", "p, adjusted")]  # fmt: skip
        assert numbers == pytest.approx([one.mean, one.low, one.high, one.p, one.adjusted], 1e-5)
        shown = entries(tab, titles[one.method], "#tests-table")[-1]
        assert (shown == "cannot be told apart") is not one.significant
    # Compared the other way round, every difference has the other sign.
    worst = min(items, key=lambda one: one.mean)
    index = [one.label for one in results.methods()].index(worst.method)
    tab.choose("#tests-other", str(index))
    best = entries(tab, titles[worst.other], "#tests-table")
    assert best[0].startswith("+")
    assert best[-1] == "better"
    assert tab.complaints() == []


def test_badges_are_shown_where_a_cell_was_submitted(tab: Tab, make: Make, tmp_path: Path) -> None:
    facts = [{"name": "psnr", "title": "PSNR", "higher": True, "main": True}]
    for name in ("mine", "own"):
        make(name, title=name, metrics=facts)
    for cell, kind in zip(cells(tmp_path), ("submitted", "computed"), strict=True):
        details = {"authors": ["A. Author"], "file": "mine.zip"}
        origins.note(tmp_path, cell.address, kind, origins.identity_of(cell), details)  # type: ignore[arg-type]
    tab.open(written(tmp_path).page)
    badge = "[...document.querySelectorAll('#comparison-table tbody .badge')]"
    assert tab.run(f"{badge}.slice(0, 2).map((one) => one.textContent)") == [
        "submitted",
        "retrained",
    ]
    assert "published" in tab.run(f"{badge}.slice(2).map((one) => one.textContent)")
    assert "submitted by A. Author in mine.zip" in tab.run(f"{badge}[0].title")
    assert "imported from a submission, not scored again here" in text(tab, "#comparison .legend")
    tab.click(f"{TABLE} button.source")
    assert "submitted by A. Author" in text(tab, "#provenance")
    assert tab.complaints() == []
