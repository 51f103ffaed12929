"""The page on the paper's claims."""

import math
from pathlib import Path

from benchmark.store import cells
from reports.writers.claims_page import claims_page
from tests.reports.analysis.verdicts.test_claims import GAIN, LONG, SHORT, add
from tests.reports.conftest import Make, typed

PROFILES = {SHORT: "evening", LONG: "overnight"}


def page_of(folder: Path, profiles: dict[int, str] = PROFILES, results: str = "results") -> str:
    found = list(cells.cells(folder))
    return typed(claims_page(found, profiles, "run_all.py claims", Path(results)))


def row(page: str, *start: str) -> list[str]:
    """Return the fields of the first row that begins with some."""
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in page.splitlines()]
    return next(one for one in rows if tuple(one[: len(start)]) == start)


def test_scores_differences_and_findings_come_from_the_cells(make: Make, tmp_path: Path) -> None:
    for seed in (0, 1):
        add(make, "vdsr", [0.0] * 7, seed=seed)
    add(make, "proposed", GAIN)
    add(make, "proposed", GAIN, patches=300_000)
    page = page_of(tmp_path)
    assert row(page, "`vdsr`", "12,000") == [
        "`vdsr`", "12,000", "33.00 ± 0.00", "--", "--", "5.00 ± 0.00", "--", "--"
    ]  # fmt: skip
    assert row(page, "`vdsr`", "60,000")[2:] == ["--"] * 6
    assert row(page, "`proposed`", "300,000")[2:4] == ["34.10", "--"]
    assert row(page, "`proposed`", "printed")[2:] == [
        "38.24", "37.86", "37.14", "1.56", "1.73", "1.85"
    ]  # fmt: skip
    assert row(page, "`proposed` minus `vdsr`, 12,000 patches")[1:5] == [
        "x2", "1 and 2", "7", "+1.10 \\[+0.90, +1.30\\], p = 0.016: confirmed"
    ]  # fmt: skip
    assert row(page, "the proposed network is better than VDSR", "PSNR")[2:] == [
        "1", "0", "0", "5"
    ]  # fmt: skip
    assert row(page, "with it, the network is better than without", "SAM")[2:] == [
        "0", "0", "0", "6"
    ]  # fmt: skip


def test_what_was_not_run_is_a_command(make: Make, tmp_path: Path) -> None:
    add(make, "vdsr", GAIN, scale=3)
    commands = page_of(tmp_path).partition("## Not run")[2]
    start = "python run_all.py --dataset cave --profile"
    others = "proposed[alpha=0.5],proposed[alpha=1.0],proposed[middle=0]"
    assert f"{start} evening --scales 2,4 --methods vdsr\n" in commands
    assert f"{start} evening --scales 2,3,4 --methods 'proposed,{others}'\n" in commands
    assert f"{start} overnight --scales 2,3,4 --methods 'proposed,vdsr,{others}'\n" in commands
    elsewhere = page_of(tmp_path, results="my results")
    assert "Written by `run_all.py claims` from" in elsewhere
    assert elsewhere.count(" --results 'my results'\n") == commands.count(start)
    without = page_of(tmp_path, {SHORT: "evening"})
    assert "# no profile trains on 60,000 patches: proposed,vdsr," in without


def test_without_any_cell_everything_is_not_run(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert page.count("Nothing of this was compared: the cells are not there.") == 3
    assert "--scales 2,3,4" in page


def test_what_differs_beside_the_claim_is_listed(make: Make, tmp_path: Path) -> None:
    for scale in (2, 3):
        add(make, "vdsr", [0.0] * 7, scale=scale)
        add(
            make, "vdsr", GAIN, patches=LONG, scale=scale, recipe={"optimiser": "muon_2"},
            training={"epochs": 2.0, "share": 0.13},
        )  # fmt: skip
    page = page_of(tmp_path)
    assert row(page, "`vdsr` is better after 60,000 patches†", "PSNR")[2] == "2"
    assert row(page, "the proposed network is better than VDSR", "PSNR")[2] == "0"
    assert row(page, "`vdsr`", "60,000 (13 % of their values)")[2] == "34.10"
    assert (
        "\n- `vdsr`, 60,000 minus 12,000 patches, x2, x3: optimiser: muon\\_2 against adam; "
        "share of the patches' values: 0.13 against 1\n"
    ) in page


def test_stored_trainings_that_were_not_compared_are_named(make: Make, tmp_path: Path) -> None:
    add(make, "vdsr", GAIN)
    add(make, "proposed", GAIN, recipe={"optimiser": "muon"})
    page = page_of(tmp_path)
    assert "Nothing of this was compared.\n" in page
    assert "- `proposed` minus `vdsr`, 12,000 patches, x2: different recipes" in page
    add(make, "proposed", [0.0] * 7, seed=1, recipe={"optimiser": "muon"})
    add(make, "proposed", GAIN, seed=2)
    page = page_of(tmp_path)
    assert row(page, "`proposed`", "12,000")[2] == "33.55 ± 0.78"
    assert row(page, "`proposed` minus `vdsr`, 12,000 patches")[4].startswith("0.00")
    assert "compared: `proposed`, 12,000 patches, seed 2, x2.\n" in page


def test_a_mean_over_some_of_the_scenes_is_not_shown(make: Make, tmp_path: Path) -> None:
    add(make, "vdsr", [math.nan, *[0.0] * 6])
    assert row(page_of(tmp_path), "`vdsr`", "12,000")[2] == "--"


def test_a_command_for_failed_cells_runs_them_again(make: Make, tmp_path: Path) -> None:
    add(make, "vdsr", GAIN)
    make("vdsr", scale=4, profile="evening", status="failed", reason="memory")
    commands = page_of(tmp_path).partition("## Not run")[2]
    assert "--scales 3,4 --methods vdsr --retry-failed\n" in commands
    assert commands.count("--retry-failed") == 1
