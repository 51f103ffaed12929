"""The lines of a table's head on how its networks were trained."""

from pathlib import Path
from typing import Any

from reports.writers.files import write_tables
from tests.reports.conftest import Make

FEW: dict[str, Any] = {"steps": 1500, "epochs": 1.0, "share": 4 / 31, "batch": 8}
ALL: dict[str, Any] = {**FEW, "share": 1.0}


def head(make: Make, folder: Path) -> dict[str, str]:
    """Return the head of the only section."""
    make("bicubic", trained=False)
    (section,) = write_tables(folder, "cave").sections
    return dict(section.provenance)


def test_steps_share_and_seconds_are_named_and_grouped(make: Make, tmp_path: Path) -> None:
    make("espcn", fit_s=5.9, training=FEW)
    make("srcnn", fit_s=8.8, training=FEW)
    make("proposed", fit_s=229.0, training=ALL)
    assert head(make, tmp_path)["Training"] == (
        "1,500 steps of batch 8, 1 pass, 13 % of the patches' pixels: ESPCN (5.9 s), SRCNN (8.8 s)"
        "; 1,500 steps of batch 8, 1 pass, all of the patches' pixels: PROPOSED (3.8 min)"
    )


def test_scales_and_seeds_that_differ_give_ranges(make: Make, tmp_path: Path) -> None:
    make("srcnn", 2, 0, fit_s=8.8, training=FEW)
    make("srcnn", 2, 1, fit_s=9.2, training={**FEW, "steps": 3000, "epochs": 2.0})
    make("srcnn", 3, 0, fit_s=8.9, training={**FEW, "share": 0.25})
    assert head(make, tmp_path)["Training"] == (
        "1,500 to 3,000 steps of batch 8, 1 to 2 passes, 13 to 25 % of the patches' pixels: "
        "SRCNN (8.8 s to 9.2 s)"
    )


def test_cells_that_do_not_record_it_show_their_seconds(make: Make, tmp_path: Path) -> None:
    make("srcnn", fit_s=8.8)
    make("vdsr", fit_s=300.0, training={"steps": None, "share": "half", "epochs": float(10**308)})
    make("espcn", status="failed", reason="no")
    assert head(make, tmp_path)["Training"] == "SRCNN (8.8 s), VDSR (5.0 min)"


def test_methods_without_a_network_have_no_such_lines(make: Make, tmp_path: Path) -> None:
    found = head(make, tmp_path)
    assert not {"Training", "Repeatable", "Deviates from its paper"} & set(found)


def test_the_head_says_what_the_numbers_repeat_on(make: Make, tmp_path: Path) -> None:
    make("srcnn")
    assert "with the same number of threads" in head(make, tmp_path)["Repeatable"]


def test_what_deviates_from_the_papers_is_listed(make: Make, tmp_path: Path) -> None:
    clip = "clips the norm of the gradient to 0.4"
    for scale in (2, 3):
        make("vdsr", scale, configuration={"deviations": [clip, "patches of 32, not 41."]})
    make("espcn", configuration={"deviations": ["17 of 91 images"]})
    make("srcnn", configuration={"deviations": []})
    make("own")
    assert head(make, tmp_path)["Deviates from its paper"] == (
        f"ESPCN: 17 of 91 images; VDSR: {clip}, patches of 32, not 41"
    )
