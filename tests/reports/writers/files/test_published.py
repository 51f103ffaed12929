"""Published values: shown with the difference, and only where they can be compared."""

import re
from pathlib import Path

import pytest

from reports.writers.files import write_tables
from tests.reports.conftest import Make, typed
from tests.reports.writers.files.support import head, table


def test_published_values_are_shown_with_the_difference(make: Make, tmp_path: Path) -> None:
    make("srcnn", 2, psnr=35.10, sam=4.304, title="SRCNN", published="Dong[4]")
    make("srcnn[wide=true]", 2, psnr=36.28, sam=4.0, title="SRCNN", published="Dong[4]")
    make("own", 2, psnr=39.0, sam=1.0, title="Own")
    text = write_tables(tmp_path, "cave").markdown
    assert table(text, "Published by Wang et al., ICIG 2017") == [
        ["Published", "Measured", "PSNR ↑ x2", "SAM ↓ x2"],
        ["Bicubic", "--", "31.73", "6.00"],
        [r"Dong\[4\]", "SRCNN", "36.28 (-1.18)", "4.23 (+0.07)"],
        [r"Dong\[4\]", r"SRCNN \[wide=true\]", "36.28 (0.00)", "4.23 (-0.23)"],
        [r"Shi\[18\]", "--", "36.65", "4.12"],
        [r"Kim\[11\]", "--", "36.98", "4.35"],
        ["Ours", "--", "38.24", "1.56"],
    ]


def test_the_difference_is_that_of_the_two_numbers_printed(make: Make, tmp_path: Path) -> None:
    make("srcnn", 2, psnr=36.2851, sam=4.2349, published="Dong[4]")
    (row,) = write_tables(tmp_path, "cave").sections[0].grids[0].rows
    assert [(entry.text, entry.difference, entry.better) for entry in row[1:]] == [
        ("36.29", "+0.01", True),
        ("4.23", "0.00", None),
    ]


def test_the_other_protocol_has_no_published_column(make: Make, tmp_path: Path) -> None:
    make("bicubic", 2, published="Bicubic", protocol="wang2017-float")
    tables = write_tables(tmp_path, "cave")
    assert [grid.title for grid in tables.sections[0].grids] == [
        "PSNR and SAM",
        "Other metrics and cost",
        "Spread over the test scenes",
    ]
    assert "31.73" not in tables.markdown
    assert head(tables, "Published numbers").startswith("no paper's numbers are known")


def test_scenes_that_were_not_published_are_marked_everywhere_and_not_compared(
    make: Make, tmp_path: Path
) -> None:
    marked = {"marks": ["not the published data"], "remark": "Not the published data: 1 of 7."}
    make("bicubic", published="Bicubic")
    make("srcnn", published="SRCNN", **marked)
    tables = write_tables(tmp_path, "cave")
    assert typed(tables.markdown).startswith("# CAVE -- not the published data\n")
    facts = dict(tables.sections[0].provenance)
    assert facts["Remark"] == "Not the published data: 1 of 7."
    assert facts["Published numbers"] == (
        "not shown, because some scenes have a remark: not the published data"
    )
    captions = re.findall(r"\\caption\{(.*)", tables.paths[1].read_text(encoding="utf-8"))
    assert captions
    assert all("not the published data" in caption for caption in captions)


def test_a_subset_is_marked_everywhere_and_not_compared(make: Make, tmp_path: Path) -> None:
    label = "cave@face,flowers"
    make("bicubic", dataset=label, published="Bicubic", subset=True, test=["face", "flowers"])
    tables = write_tables(tmp_path, label)
    assert "31.73" not in tables.markdown + tables.paths[1].read_text()
    assert head(tables, "Published numbers").startswith("not shown, because they are means over")
    assert head(tables, "Scenes") == (
        "a SUBSET: 4 for training (beads, cd, clay, cloth), 2 for validation (hairs, paints), "
        "2 for testing (face, flowers)"
    )
    captions = re.findall(r"\\caption\{(.*)\}", tables.paths[1].read_text())
    assert len(captions) == 2
    assert all("subset of the scenes" in caption for caption in captions)


@pytest.mark.parametrize(
    ("trained_on", "compared", "named"),
    [
        (["cave"], True, None),
        (["cave", "harvard"], True, "cave, harvard"),
        (["harvard"], False, "harvard"),
        (["cave", "pavia"], False, "cave, pavia"),
    ],
)
def test_only_networks_that_saw_the_papers_scenes_are_compared(
    make: Make, tmp_path: Path, trained_on: list[str], compared: bool, named: str | None
) -> None:
    make("srcnn", dataset="cave+x", published="Dong[4]", trained_on=trained_on)
    tables = write_tables(tmp_path, "cave+x")
    assert ("36.28" in tables.markdown) is compared
    assert dict(tables.sections[0].provenance).get("Trained on") == named
