"""The lines of a table's head on how its networks were trained."""

from pathlib import Path
from typing import Any

import pytest

from reports.analysis.provenance.training import rate_line
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
        "ESPCN (5.9 s), SRCNN (8.8 s): 1,500 steps with batches of 8, one pass over 13 % of the "
        "pixels of the patches; PROPOSED (3.8 min): 1,500 steps with batches of 8, one pass over "
        "all pixels of the patches"
    )


def test_rates_that_validation_chose_are_named(make: Make, tmp_path: Path) -> None:
    make("srcnn", 2, fit_s=8.8, training={**FEW, "rate": 2.0, "tuning": {"1.0": 30.0, "2.0": 31.0}})
    make("srcnn", 3, fit_s=8.8, training={**FEW, "rate": 0.5, "tuning": {"0.5": None}})
    assert head(make, tmp_path)["Training"] == (
        "SRCNN (8.8 s): 1,500 steps with batches of 8, at 0.5 to 2 times the common rate, as "
        "trials chose by validation, one pass over 13 % of the pixels of the patches; times "
        "include the trials"
    )


def test_the_trials_of_one_cell_are_named(make: Make) -> None:
    trials = {"0.5": 30.123, "1.0": 31.0, "2.0": None}
    cell = make("srcnn", training={**FEW, "rate": 1.0, "tuning": trials})
    assert rate_line(cell) == (
        "1 times the common one; trials on validation scenes: 0.5: 30.12 dB, 1.0: 31.00 dB, "
        "2.0: diverged"
    )
    for training in (FEW, {**FEW, "tuning": trials}, {**FEW, "rate": 1.0, "tuning": "none"}):
        assert rate_line(make("srcnn", training=training)) == ""
    assert rate_line(make("bicubic", trained=False)) == ""


def test_scales_and_seeds_that_differ_give_ranges(make: Make, tmp_path: Path) -> None:
    make("srcnn", 2, 0, fit_s=8.8, training=FEW)
    make("srcnn", 2, 1, fit_s=9.2, training={**FEW, "steps": 3000, "epochs": 2.0})
    make("srcnn", 3, 0, fit_s=8.9, training={**FEW, "share": 0.25})
    assert head(make, tmp_path)["Training"] == (
        "SRCNN (8.8 s to 9.2 s): 1,500 to 3,000 steps with batches of 8, 1 to 2 passes over "
        "13 to 25 % of the pixels of the patches"
    )


def test_methods_with_one_title_are_told_apart(make: Make, tmp_path: Path) -> None:
    make("srcnn", title="SRCNN", fit_s=8.8, training=FEW)
    make("my_srcnn", title="SRCNN", fit_s=300.0, training=ALL)
    assert head(make, tmp_path)["Training"] == (
        "SRCNN (my_srcnn) (5.0 min): 1,500 steps with batches of 8, one pass over all pixels of "
        "the patches; SRCNN (srcnn) (8.8 s): 1,500 steps with batches of 8, one pass over 13 % of "
        "the pixels of the patches"
    )
    (section,) = write_tables(tmp_path, "cave").sections
    names = [row[0].text for row in section.grids[0].rows]
    assert names == ["BICUBIC", "SRCNN (my_srcnn)", "SRCNN (srcnn)"]


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


def at(minute: int, second: int = 0) -> str:
    """Return the date of a cell that finished then."""
    return f"2026-03-01T10:{minute:02}:{second:02}+00:00"


def test_cells_that_ran_at_the_same_time_are_counted(make: Make, tmp_path: Path) -> None:
    """Three runs on one GPU took ESPCN from 6 to 19 s, beside numbers of a single run."""
    make("espcn", 2, fit_s=20.0, upscale_s=1.0, date=at(10))
    make("espcn", 3, fit_s=20.0, upscale_s=1.0, date=at(10, 5))
    make("espcn", 4, fit_s=20.0, upscale_s=1.0, date=at(10, 40))
    assert head(make, tmp_path)["Seconds"] == (
        "2 of 4 cells ran at the same time as another one, on the same machine or on one of the "
        "same kind; where they shared it, they took longer than they would have alone"
    )


@pytest.mark.parametrize(
    "other",
    [
        {"date": at(10, 24)},  # one after the other; dates have seconds
        {"date": at(10, 5), "device": "NVIDIA H100"},
        {"date": at(10, 5), "environment": {"torch": "2.12.0"}},
        {"date": at(10, 5), "status": "failed", "reason": "no"},
        {"date": "yesterday"},
        {"date": at(10, 5), "fit_s": 1e300},
    ],
    ids=str,
)
def test_other_cells_did_not_run_at_the_same_time(
    make: Make, tmp_path: Path, other: dict[str, Any]
) -> None:
    make("espcn", fit_s=20.0, upscale_s=1.0, date=at(10))
    make("srcnn", **{"fit_s": 20.0, "upscale_s": 1.0, **other})
    assert "Seconds" not in head(make, tmp_path)
