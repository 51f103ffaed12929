"""Metrics come from the cells: any plugin's, in the order of the protocol, by their own facts."""

import re
from pathlib import Path
from typing import Any

import pytest

from reports.analysis.metrics import Metric, from_facts, legend_of, main_of, metrics_of
from reports.analysis.results import read_results
from reports.writers.files import write_tables
from tests.reports.conftest import SCENES, Make, described, scored
from tests.reports.writers.files.support import head, table

MPSNR = described("mpsnr", title="MPSNR", unit="dB", digits=2, meaning="mean of bands", main=True)
SHARP = described("sharp", title="Sharpness", unit="lines", digits=1, higher=False, main=True)
CC = described("cc", title="CC")

SCORE = "python run_all.py score"


def rows(**values: float) -> list[dict[str, object]]:
    """Return the same scores for every scene."""
    return [{"scene": scene, **values} for scene in SCENES]


def test_a_metric_that_nobody_here_knows_is_shown_by_its_facts(make: Make, tmp_path: Path) -> None:
    for method, sharp in (("bicubic", 7.26), ("srcnn", 3.14)):
        make(method, metrics=[MPSNR, SHARP, CC], rows=rows(mpsnr=30.123, sharp=sharp, cc=0.98765))
    page = write_tables(tmp_path, "cave").markdown
    assert table(page, "MPSNR and Sharpness") == [
        ["Method", "MPSNR ↑ x2", "Sharpness ↓ x2"],
        ["BICUBIC", "**30.12**", "*7.3*"],
        ["SRCNN", "**30.12**", "**3.1**"],
    ]
    assert "MPSNR in dB: mean of bands; Sharpness in lines. Mean over the test scenes." in page
    assert table(page, "Other metrics and cost")[0][2] == "CC ↑"
    assert table(page, "Other metrics and cost")[1][2] == "**0.9877**"
    assert "PSNR in dB: peak" not in page


def test_cells_of_version_0_3_have_its_six_metrics(make: Make) -> None:
    metrics = read_results([make("srcnn")]).metrics
    assert [one.name for one in metrics] == ["psnr", "sam", "sam_float", "ssim", "ergas", "rmse"]
    assert [one.title for one in main_of(metrics)] == ["PSNR", "SAM"]


def test_the_order_is_that_of_the_fullest_cell_with_main_metrics_first(make: Make) -> None:
    cells = [
        make("bicubic", metrics=[CC, MPSNR], rows=rows(cc=1, mpsnr=30)),
        make("srcnn", metrics=[SHARP, CC, MPSNR], rows=rows(sharp=1, cc=1, mpsnr=30)),
    ]
    assert [one.name for one in metrics_of(cells)] == ["sharp", "mpsnr", "cc"]
    assert [one.name for one in metrics_of(cells[:1])] == ["mpsnr", "cc"]


def test_a_metric_that_a_cell_lacks_is_a_dash_with_the_command_that_computes_it(
    make: Make, tmp_path: Path
) -> None:
    make("bicubic", metrics=[MPSNR, SHARP, CC], rows=rows(mpsnr=30, sharp=1, cc=0.9))
    make("srcnn", metrics=[MPSNR, CC], rows=rows(mpsnr=31, cc=0.95))
    make("vdsr", metrics=[MPSNR, SHARP], rows=rows(mpsnr=32, sharp=2))
    tables = write_tables(tmp_path, "cave")
    assert table(tables.markdown, "MPSNR and Sharpness")[2:] == [
        ["SRCNN", "*31.00*", "--¹"],
        ["VDSR", "**32.00**", "*2.0*"],
    ]
    assert table(tables.markdown, "Other metrics and cost")[3][2] == "--²"
    assert tables.sections[0].notes == (
        f"has no Sharpness, as other cells do; compute it with: {SCORE} --metrics sharp",
        f"has no CC, as other cells do; compute it with: {SCORE} --metrics cc",
    )


def test_one_seed_that_lacks_a_metric_is_named(make: Make, tmp_path: Path) -> None:
    make("srcnn", seed=0, metrics=[MPSNR, CC], rows=rows(mpsnr=31, cc=0.95))
    make("srcnn", seed=1, metrics=[MPSNR], rows=rows(mpsnr=31))
    (section,) = write_tables(tmp_path, "cave").sections
    assert section.notes == (
        f"seed 1 has no CC, as other cells do; compute it with: {SCORE} --metrics cc",
    )


def test_facts_that_cells_do_not_agree_on_are_named(make: Make, tmp_path: Path) -> None:
    other = {**CC, "digits": 2, "higher": False}
    make("bicubic", metrics=[MPSNR, CC], rows=rows(mpsnr=30, cc=0.912345))
    make("srcnn", metrics=[MPSNR, other], rows=rows(mpsnr=30, cc=0.912345))
    tables = write_tables(tmp_path, "cave")
    conflicts = [text for what, text in tables.sections[0].provenance if what == "Conflict"]
    assert conflicts == [
        "cells describe the metric cc differently: digits 4 (bicubic) against 2 (srcnn)",
        "cells describe the metric cc differently: higher true (bicubic) against false (srcnn)",
    ]
    assert table(tables.markdown, "Other metrics and cost")[1][2] == "**0.9123**"


def test_scores_by_different_code_are_named_unless_a_cell_does_not_say(
    make: Make, tmp_path: Path
) -> None:
    for method, more in (
        ("bicubic", {"code": "version 1, source aa"}),
        ("srcnn", {"code": "version 1, source bb"}),
        ("vdsr", {}),
    ):
        make(method, metrics=[MPSNR, {**CC, **more}], rows=rows(mpsnr=30, cc=0.9))
    (section,) = write_tables(tmp_path, "cave").sections
    (conflict,) = (text for what, text in section.provenance if what == "Conflict")
    assert conflict == (
        "cells describe the metric cc differently: code version 1, source aa (bicubic) against "
        f"version 1, source bb (srcnn); compute it anew with: {SCORE} --metrics cc"
    )


def test_metrics_of_one_title_are_told_apart() -> None:
    made = from_facts(
        [
            described("ergas", title="ERGAS"),
            described("ergas[ratio=4]", title="ERGAS"),
            described("a", title="Same"),
            described("b", title="Same"),
        ]
    )
    titles = [one.title for one in made]
    assert titles == ["ERGAS", "ERGAS [ratio=4]", "Same [a]", "Same [b]"]


@pytest.mark.parametrize(
    "metrics",
    [
        "psnr",
        7,
        {"name": "psnr"},
        [None, 3, "x", [], {}, {"name": None}],
        [{"name": {"a": 1}, "digits": "2", "higher": "yes", "unit": 5, "main": 1}],
        [{"name": "psnr", "digits": 10**9}, {"name": "psnr", "digits": -1}],
        [{"name": "psnr", "title": "a|b\n# c", "unit": "\x1b[31m", "meaning": "<script>"}],
    ],
)
def test_a_list_that_another_program_wrote_may_hold_anything(
    make: Make, tmp_path: Path, metrics: Any
) -> None:
    make("srcnn", metrics=metrics, rows=scored(30.0, 4.0))
    tables = write_tables(tmp_path, "cave")
    assert all(line.isprintable() for line in tables.markdown.splitlines())
    assert len(main_of(read_results([make("vdsr", metrics=metrics)]).metrics)) >= 1


def test_a_failed_cell_does_not_bring_metrics_of_its_own(make: Make, tmp_path: Path) -> None:
    make("bicubic", metrics=[MPSNR, CC], rows=rows(mpsnr=30, cc=0.9))
    make("srcnn", status="failed", reason="no")
    tables = write_tables(tmp_path, "cave")
    assert table(tables.markdown, "MPSNR")[1:] == [["BICUBIC", "30.00"], ["SRCNN", "failed¹"]]
    lost = tables.paths[2].read_text().splitlines()[-1]
    assert lost.startswith("cave,wang2017,standard,2,srcnn,0,mpsnr,,,0,")


def test_the_difference_is_of_the_printed_precision() -> None:
    rough = Metric("x", "X", 1, higher=True)
    assert rough.difference(34.61638, 34.6163, 4) == ("+0.0001", True)
    assert rough.difference(34.61638, 34.6, 1) == ("0.0", None)
    assert Metric("x", "X", 4).difference(34.61638, 34.5, 1) == ("+0.1", False)
    assert Metric("x", "X", 4, higher=None).difference(2.0, 1.0, 1) == ("+1.0", None)


def test_a_legend_has_units_and_meanings() -> None:
    made = from_facts([MPSNR, SHARP, CC])
    assert legend_of(made) == "MPSNR in dB: mean of bands; Sharpness in lines"
    assert legend_of(made[2:]) == ""


def test_the_head_says_version_split_and_what_is_left_out(make: Make, tmp_path: Path) -> None:
    make("bicubic", settings={"version": 3}, split="li2020", left_out=["watercolors"])
    tables = write_tables(tmp_path, "cave")
    assert tables.sections[0].title == "Protocol wang2017, version 3, profile standard"
    assert head(tables, "Protocol") == "wang2017, version 3 -- the summary of wang2017"
    assert head(tables, "Scenes") == (
        "4 for training, 2 for validation, 3 for testing; split of li2020, which leaves out "
        "watercolors"
    )
    captions = re.findall(r"\\caption\{(.*)\}", tables.paths[1].read_text())
    assert len(captions) == 3
    assert all("Protocol wang2017, version 3, profile standard." in one for one in captions)
    for file in tables.paths[2:]:
        header, *lines = file.read_text().splitlines()
        assert header.endswith(",protocol_version")
        assert all(line.endswith(",3") for line in lines)
    make("bicubic", split="")
    assert head(write_tables(tmp_path, "cave"), "Scenes").endswith("; the data set's own split")


def test_cells_of_two_versions_of_a_protocol_conflict(make: Make, tmp_path: Path) -> None:
    make("bicubic", settings={"version": 1})
    make("srcnn", settings={"version": 2})
    tables = write_tables(tmp_path, "cave")
    assert tables.sections[0].title == "Protocol wang2017, versions 1 and 2, profile standard"
    assert head(tables, "Conflict") == (
        "different versions of the protocol: 1 (bicubic) against 2 (srcnn); not a fair comparison"
    )


@pytest.mark.parametrize("together", [[], ["cave", "harvard"]])
def test_the_protocol_says_which_data_sets_were_trained_on_together(
    make: Make, tmp_path: Path, together: list[str]
) -> None:
    make("srcnn", published="Dong[4]", settings={"trained_together": together},
         trained_on=["cave", "harvard"], dataset="cave+x")  # fmt: skip
    text = head(write_tables(tmp_path, "cave+x"), "Published numbers")
    refused = "not shown, because the paper did not train on cave, harvard"
    assert text == ("Wang et al., ICIG 2017, Table 1" if together else refused)


def test_areas_of_one_image_are_said_not_to_be_independent(make: Make, tmp_path: Path) -> None:
    areas = tuple("abcdefg")
    for method, psnr in (("bicubic", 30.0), ("srcnn", 34.0)):
        make(method, rows=scored(psnr, 4.0, areas), test=list(areas), independent=False)
    tables = write_tables(tmp_path, "cave")
    said = "The scenes are areas of one image and not independent, as the tests assume"
    remark = "- **Remark:** the scenes are areas of one image: they are not independent"
    assert remark in tables.markdown
    # Beneath the marks, and beneath both grids of tests.
    assert tables.markdown.count(said) == 3
    assert said in " ".join(tables.paths[1].read_text().split())
    for method in ("bicubic", "srcnn"):
        make(method, rows=scored(30.0, 4.0, areas), test=list(areas), independent=True)
    assert "areas of one image" not in write_tables(tmp_path, "cave").markdown
