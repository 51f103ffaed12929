"""The page in a browser: it opens from a file, sorts, filters, switches, and shows reasons."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.store.cells import cells
from tests.reports.analysis.comparison.test_pairs import SEVEN, stored
from tests.reports.analysis.provenance.test_machines import NOTE, mixed
from tests.reports.conftest import Make, described, scored
from tests.reports.page.browser import Tab
from tests.reports.page.conftest import CORNER, Report, cube, written

TABLE = "#comparison-table"


def rows(tab: Tab, table: str = TABLE) -> list[str]:
    """Return the names of a table's rows from top to bottom."""
    names: list[str] = tab.run(
        f"[...document.querySelectorAll('{table} tbody th')]"
        ".map((one) => one.firstChild.textContent)"
    )
    return names


def entries(tab: Tab, name: str, table: str = TABLE) -> list[str]:
    """Return the texts of the row of that name, without its name."""
    found: list[str] = tab.run(
        f"[...[...document.querySelectorAll('{table} tbody tr')].find((row) =>"
        f" row.cells[0].firstChild.textContent === {name!r}).cells].slice(1)"
        ".map((one) => one.innerText)"
    )
    return found


def text(tab: Tab, selector: str) -> str:
    """Return an element's text as it is shown."""
    return str(tab.run(f"document.querySelector('{selector}').innerText"))


def seen(tab: Tab) -> None:
    """Wait until the viewer shows its images."""
    tab.wait("document.querySelector('#spectra-plot polyline')")


def pixels(tab: Tab, canvas: str) -> np.ndarray:
    """Return (rows, columns, 3) of a canvas."""
    found = tab.run(
        f"(() => {{ const one = document.querySelector('{canvas}');"
        "const copy = document.createElement('canvas');"
        "[copy.width, copy.height] = [one.width, one.height];"
        "const context = copy.getContext('2d', {willReadFrequently: true});"
        "context.drawImage(one, 0, 0);"
        "const data = context.getImageData(0, 0, one.width, one.height).data;"
        "return [one.height, one.width, ...data]; })()"
    )
    return np.array(found[2:]).reshape(found[0], found[1], 4)[:, :, :3]


def estimate(report: Report, method: str, scale: int, scene: str) -> np.ndarray:
    """Return the stored estimate that the page should show."""
    for one in report.shown:
        at = one.address
        if (at.method, at.scale, one.scene) == (method, scale, scene):
            assert one.preview is not None
            return one.preview.estimate
    raise LookupError(method)


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


def method_number(tab: Tab, name: str) -> str:
    """Return the value of a method's option in the viewer."""
    return str(tab.run(
        "[...document.querySelector('#view-right').options]"
        f".find((one) => one.textContent === '{name}').value"
    ))  # fmt: skip


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


def colours(tab: Tab) -> tuple[str, str]:
    """Return the paper's and the ink's colour."""
    style = "getComputedStyle(document.body)"
    return tab.run(f"{style}.backgroundColor"), tab.run(f"{style}.color")


def test_it_follows_the_system_and_the_switch_in_light_and_dark(opened: Tab) -> None:
    light = colours(opened)
    opened.prefer(prefers_color_scheme="dark")
    dark = colours(opened)
    assert light[0] == "rgb(255, 255, 255)"
    assert dark[0] != light[0]
    opened.choose("#theme", "light")
    assert colours(opened) == light
    opened.prefer(prefers_color_scheme="light")
    opened.choose("#theme", "dark")
    assert colours(opened) == dark
    opened.choose("#theme", "auto")
    assert colours(opened) == light


@pytest.mark.parametrize("width", [320, 390, 768, 1360])
def test_no_width_makes_the_page_scroll_sideways(opened: Tab, width: int) -> None:
    opened.size(width)
    seen(opened)
    opened.choose("#view-mode", "error")
    element = "document.documentElement"
    assert opened.run(f"{element}.scrollWidth") <= opened.run(f"{element}.clientWidth")


def test_everything_that_can_be_operated_has_a_name(opened: Tab) -> None:
    seen(opened)
    opened.call("Accessibility.enable")
    tree = opened.call("Accessibility.getFullAXTree")["nodes"]
    wanted = {"button", "checkbox", "combobox", "searchbox", "slider", "spinbutton", "table",
              "image", "link", "application"}  # fmt: skip
    roles = [one for one in tree if not one["ignored"] and one["role"]["value"] in wanted]
    nameless = [one["role"]["value"] for one in roles if not one.get("name", {}).get("value")]
    assert len(roles) > 50
    assert nameless == []


def test_motion_is_left_out_where_it_is_not_wanted(opened: Tab) -> None:
    style = "getComputedStyle(document.documentElement).scrollBehavior"
    assert opened.run(style) == "smooth"
    opened.prefer(prefers_reduced_motion="reduce")
    assert opened.run(style) == "auto"


def test_without_previews_the_page_has_the_reason(tab: Tab, make: Make, tmp_path: Path) -> None:
    from reports.page import write_page

    make("srcnn", 2)
    made = write_page(tmp_path, list(cells(tmp_path)), without="the data set cave was not found")
    tab.open(made.path)
    assert "the data set cave was not found" in text(tab, "#images")
    assert "35.00" in text(tab, TABLE)
    assert tab.complaints() == []


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


def test_hostile_names_are_only_text(tab: Tab, make: Make, tmp_path: Path) -> None:
    evil = "</script><img src=x onerror=alert(1)><!--"
    make("__proto__", 2, title=evil, warnings=[evil], remark=evil, test=[evil, "face"])
    make("constructor", 2, psnr=31.0, title=f"{evil}2")
    make("broken", 2, status="failed", reason=evil)
    page = written(tmp_path).page
    tab.open(page)
    seen(tab)
    assert tab.run("document.querySelectorAll('img, iframe, object').length") == 0
    assert evil in rows(tab)
    assert evil in text(tab, "#comparison .notes")
    assert tab.complaints() == []
    assert [one for one in tab.requests() if not one.startswith("data:")] == [page.as_uri()]


def test_the_policy_stops_what_is_not_the_pages_own(opened: Tab) -> None:
    stopped = opened.run(
        "new Promise((done) => {"
        "  document.addEventListener('securitypolicyviolation',"
        "    (one) => done(one.violatedDirective));"
        "  const script = document.createElement('script');"
        "  script.textContent = 'window.ran = true';"
        "  document.body.append(script);"
        "})"
    )
    assert stopped == "script-src-elem"
    assert opened.run("window.ran") is None
    fetched = opened.run("fetch('https://example.org').then(() => 'came', () => 'stopped')")
    assert fetched == "stopped"
    assert len(opened.complaints()) >= 2  # the test of complaints sees such things
    opened.said.clear()
    opened.open(Path(opened.run("decodeURIComponent(location.pathname)")))


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
    assert tab.complaints() == []
