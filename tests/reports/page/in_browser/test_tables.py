"""The tables of the page in a browser: contents, sorting, filters, marks."""

import math
from pathlib import Path

import pytest

from tests.reports.analysis.comparison.support import SEVEN, stored
from tests.reports.analysis.provenance.test_machines import NOTE, mixed
from tests.reports.conftest import Make, described, scored
from tests.reports.page.browser import Tab
from tests.reports.page.conftest import Report, written
from tests.reports.page.in_browser.support import TABLE, entries, rows, text


def test_it_opens_from_a_file_and_shows_what_is_stored(opened: Tab) -> None:
    measured = {"Bicubic", "Bare", "Broken", "SRCNN", "VDSR"}
    assert set(rows(opened)) == {*measured, "Shi[18]", "Ours"}  # the last two only published
    table = text(opened, TABLE)
    assert "31.70" in table
    assert "± 0.21" in table
    # Published, measured, and the difference, beside each other; two seeds with their deviation.
    assert entries(opened, "Bicubic")[:3] == ["31.73", "31.70", "−0.03"]
    assert entries(opened, "VDSR")[:3] == ["36.98", "36.85\n(best)\n± 0.21", "−0.13"]
    assert entries(opened, "Ours")[:3] == ["38.24", "–", "–"]
    assert "Best PSNR in dB: ×2 VDSR (36.85, 2.85 before SRCNN)" in text(opened, "#winners")


def test_what_failed_and_what_is_missing_is_seen_with_its_reason(opened: Tab) -> None:
    assert "failed" in text(opened, TABLE)
    assert "missing" in text(opened, TABLE)
    assert "out of memory" in text(opened, "#comparison .notes")
    assert "wrong shape" in text(opened, "#comparison .notes")
    cells_shown = text(opened, "#cells-table")
    assert "RuntimeError: out of memory" in cells_shown
    assert "not run: no cell is stored" in cells_shown
    assert text(opened, "#cells-table caption") == "Cells: 7 done, 2 missing, 2 failed"


def test_a_table_sorts_both_ways_and_announces_it(opened: Tab) -> None:
    best_first = ["VDSR", "SRCNN", "Bare", "Bicubic"]
    head = f"{TABLE} thead tr:last-child th:nth-child(3)"
    opened.click(f"{head} button")
    assert [name for name in rows(opened) if name in best_first] == best_first
    assert opened.run(f"document.querySelector('{head}').getAttribute('aria-sort')") == "descending"
    assert text(opened, "#announcer") == "Sorted by PSNR ↑ ×2 measured, descending"
    opened.run(f"document.querySelector('{head} button').focus()")
    opened.key("Enter")
    assert [name for name in rows(opened) if name in best_first] == best_first[::-1]
    assert opened.run(f"document.querySelector('{head}').getAttribute('aria-sort')") == "ascending"
    assert rows(opened)[-1] not in best_first  # what has no number stays last


def test_a_table_filters(opened: Tab) -> None:
    opened.type("#comparison-filter", "vds")
    assert rows(opened) == ["VDSR"]
    assert text(opened, "#announcer") == "1 row"
    opened.type("#scenes-filter", "fLoW")
    assert rows(opened, "#scenes-table") == ["flowers"]
    opened.choose("#cells-state", "failed")
    assert rows(opened, "#cells-table") == ["Broken", "Broken"]
    opened.type("#cells-filter", "no such thing")
    assert rows(opened, "#cells-table") == []
    assert opened.run("document.querySelector('#cells .place p').hidden") is False


def test_metric_and_scale_switch(opened: Tab) -> None:
    opened.choose("#comparison-metric", "ssim")
    assert text(opened, f"{TABLE} th.group") == "SSIM ↑"
    opened.choose("#comparison-scale", "3")
    assert opened.run(f"document.querySelectorAll('{TABLE} thead tr:last-child th').length") == 2
    opened.choose("#scenes-metric", "sam")
    opened.choose("#scenes-scale", "3")
    assert "SAM in degrees at ×3" in text(opened, "#scenes-table caption")


@pytest.mark.parametrize(("scales", "first"), [((4, 8), "main"), ((2, 3, 4), "mpsnr")])
def test_three_main_metrics_stand_together_where_they_fit(
    tab: Tab, make: Make, tmp_path: Path, scales: tuple[int, ...], first: str
) -> None:
    metrics = [
        described("mpsnr", title="MPSNR", unit="dB", digits=2, main=True),
        described("sharp", title="Sharpness", higher=False, meaning="of edges", main=True),
        described("sam", title="SAM", unit="degrees", digits=1, higher=False, main=True),
        described("cc", title="CC"),
    ]
    for scale in scales:
        for method, value in (("bicubic", 4.0), ("srcnn", 3.0)):
            known = metrics if method == "bicubic" else metrics[:3]
            rows = [{"scene": one, **{str(m["name"]): value for m in known}} for one in "abc"]
            make(method, scale, protocol="mine", metrics=known, rows=rows)
    tab.open(written(tmp_path).page)
    assert tab.run("document.querySelector('#comparison-metric').value") == first
    heads = "[...document.querySelectorAll('#comparison-table th.group')].map((e) => e.textContent)"
    assert tab.run(heads) == ["MPSNR ↑", "Sharpness ↓", "SAM ↓"][: 3 if first == "main" else 1]
    tab.choose("#comparison-metric", "main")
    assert len(tab.run(heads)) == 3
    assert "Sharpness: of edges." in text(tab, "#comparison .legend")
    tab.choose("#comparison-metric", "cc")
    assert text(tab, f"{TABLE} tbody tr:last-child td") == "–1"
    assert "has no CC, as other cells do" in text(tab, "#comparison .notes")
    assert tab.complaints() == []


def test_data_set_protocol_and_profile_switch(opened: Tab) -> None:
    opened.choose("#choice-profile", "quick")
    assert rows(opened)[0] == "Bicubic"
    assert "29.00" in text(opened, TABLE)
    assert "no images" in text(opened, "#images").lower()
    opened.choose("#choice-dataset", "pavia")
    assert "40.00" in text(opened, TABLE)
    assert "published" not in text(opened, TABLE)  # no paper has numbers of it
    assert rows(opened, "#scenes-table")[:2] == ["centre", "university"]
    opened.choose("#choice-dataset", "cave")
    assert opened.run("document.querySelector('#choice-protocol').value") == "wang2017"


def test_every_scene_has_its_scores_and_the_best_is_marked(opened: Tab, report: Report) -> None:
    stored = next(one for one in report.cells if one.address.method == "srcnn").scores()
    for scene, value in zip(stored["scene"], stored["psnr"], strict=True):
        line = next(
            one for one in text(opened, "#scenes-table").splitlines() if one.startswith(scene)
        )
        assert f"{value:.2f}" in line
    best = opened.run(
        "[...document.querySelectorAll('#scenes-table tbody tr')]"
        ".map((row) => row.querySelector('strong').textContent)"
    )
    assert best == ["35.85", "36.85", "37.85"]


def test_a_number_shows_its_provenance(opened: Tab) -> None:
    button = f"{TABLE} td button.source"
    opened.run(f"document.querySelector('{button}').focus()")
    opened.key("Enter")
    opened.wait("document.querySelector('#provenance').open")
    told = text(opened, "#provenance")
    assert "results/cave/wang2017/standard/x2/" in told
    assert "0" * 64 in told
    assert "NVIDIA H200" in told
    assert "2026-03-01T10:00:00+00:00" in told
    opened.key("Escape")
    assert opened.run("document.querySelector('#provenance').open") is False
    assert opened.run(f"document.activeElement === document.querySelector('{button}')")


def test_what_the_scenes_cannot_tell_is_marked(tab: Tab, make: Make, tmp_path: Path) -> None:
    stored(make, SEVEN)
    tab.open(written(tmp_path).page)
    table = text(tab, TABLE)
    assert table.count("≈") == table.count("∘") == 1
    legend = text(tab, "#comparison .legend")
    assert "≈ cannot be told from the best of its column, and ∘ not from Bicubic" in legend
    assert "All pairs of methods in a column form a family" in legend
    assert "; not told from it: LEVEL)" in text(tab, "#winners")
    tab.choose("#comparison-metric", "sam")
    assert "All pairs of methods in a column form a family" in text(tab, "#comparison .legend")
    assert tab.complaints() == []


def test_seconds_of_another_machine_are_not_sorted_with_the_others(
    tab: Tab, make: Make, tmp_path: Path
) -> None:
    mixed(make, tmp_path)
    tab.open(written(tmp_path).page)
    assert NOTE in text(tab, "#comparison .notes")
    row = next(one for one in text(tab, "#cells-table").split("\nVDSR")[1:])
    assert "(3.0 s)" in row
    assert "(0.010)" in row
    head = "#cells-table thead tr:last-child th:nth-child(9)"
    assert text(tab, head).strip().startswith("Training")
    for _ in range(2):  # ascending and descending
        tab.click(f"{head} button")
        shown = rows(tab, "#cells-table")
        assert shown.index("VDSR") > max(shown.index("SRCNN"), shown.index("ESPCN"))
    assert tab.complaints() == []


def test_all_deviations_of_a_table_are_of_the_same_kind(
    tab: Tab, make: Make, tmp_path: Path
) -> None:
    """Over three scenes +- 1.00 and over the seeds +- 0.07 stood in one column."""
    make("bicubic", psnr=31.0, trained=False, title="Bicubic")
    for seed in (0, 1):
        make("vdsr", seed=seed, psnr=35.0 + seed / 10, title="VDSR")
    make("vdsr", seed=2, status="failed", reason="no", title="VDSR")
    tab.open(written(tmp_path).page)
    assert "± 0.07" in text(tab, TABLE)
    assert "± 1.00" not in text(tab, TABLE)
    assert "± is the standard deviation over the seeds" in text(tab, "#comparison .legend")
    tab.click("#comparison-spread")
    assert text(tab, TABLE).count("± 1.00") == 2
    assert "± 0.07" not in text(tab, TABLE)
    assert "± is the standard deviation over the test scenes" in text(tab, "#comparison .legend")
    tab.click(f"{TABLE} tbody tr:nth-child(2) button.source")
    assert "the mean over 3 test scenes and 2 seeds; unrounded" in text(tab, "#provenance")
    assert tab.complaints() == []


def test_a_mean_over_fewer_scenes_is_not_the_best(tab: Tab, make: Make, tmp_path: Path) -> None:
    easy = [{**row, "psnr": math.nan} if index == 0 else row
            for index, row in enumerate(scored(36.0, 4.0))]  # fmt: skip
    make("vdsr", psnr=35.5, title="VDSR", published="Kim[11]")
    make("srcnn", psnr=35.0, title="SRCNN")
    make("espcn", rows=easy, title="ESPCN", published="Shi[18]")
    tab.open(written(tmp_path).page)
    best = f"[...document.querySelectorAll('{TABLE} tbody tr')].filter((row) => row.children[2]"
    best += ".classList.contains('best')).map((row) => row.children[0].innerText.split('\\n')[0])"
    assert tab.run(best) == ["VDSR"]
    assert "×2 VDSR (35.50, 0.50 before SRCNN" in text(tab, "#winners")
    assert entries(tab, "ESPCN")[:3:2] == ["36.65", "–"]  # published, and no difference
    tab.click(f"{TABLE} tbody tr:nth-child(1) button.source")
    assert "the mean over 2 test scenes; unrounded" in text(tab, "#provenance")
    assert tab.complaints() == []
