"""The page, the tables and the CSV of the verdicts."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from reports.analysis.verdicts.verdicts import Verdict
from reports.writers.verdict_page import show_verdicts, verdict_csv, verdict_page
from tests.reports.analysis.verdicts.test_verdicts import add, judged, printed, rows
from tests.reports.conftest import Make, typed

COMMAND = "python run_all.py verdicts --output page.md"


@pytest.fixture
def found(make: Make, tmp_path: Path) -> list[Verdict]:
    """Return a row that was reproduced by one metric alone, and one that was not run."""
    add(make, "bicubic", trained=False, rows=rows(30, 30, 30))
    add(
        make, rows=rows(32, 33, 34), profile="evening",
        training={"steps": 1500, "epochs": 1.0, "batch": 8, "share": 0.13},
        configuration={"profile": {"name": "evening", "patches": 12_000}},
    )  # fmt: skip
    return judged(tmp_path, printed("34.00", "3.50") + printed("35.0", method="=B", remark="odd"))


def test_the_page_shows_the_evidence_of_every_row(found: list[Verdict]) -> None:
    page = typed(verdict_page(found, COMMAND))
    assert f"Written by `{COMMAND}` from" in page
    lines = [line for line in page.splitlines() if line.startswith("| x2")]
    first, second = ([part.strip() for part in line.strip("|").split("|")] for line in lines)
    assert first == [
        "x2", "Net", "net", "not reached at this budget",
        "34.00, 33.00, -1.00 \\[-3.48, +1.48\\] within", "3.50, 4.00, +0.50 worse",
        "evening, 1,500 steps, 12,000 patches, 13 % of their values, 1 seed, 3 scenes",
    ]  # fmt: skip
    assert second == [
        "x2", "=B", "--", "not run", "35.0†", "--", "the suite does not have this method"
    ]  # fmt: skip
    assert (
        "| wang2017   |            0 |          0 |                            1 |"
        "                0 |         1 |" in page
    )
    assert "By the first metric alone, 1 within, 0 better, 0 worse, 0 unclear of the 1 that" in page
    assert page.endswith(
        "Printed in: P. Trained on other data than here: the paper trained each network on cave "
        "and harvard together."
    )


def test_the_terminal_shows_the_same_rows_and_the_counts(found: list[Verdict]) -> None:
    stream = io.StringIO()
    show_verdicts(found, Console(file=stream, width=60))
    shown = typed(stream.getvalue())
    assert "34.00, 33.00, -1.00 [-3.48, +1.48] within" in shown
    assert (
        "2 published rows: 0 reproduced, 0 exceeded, 1 not reached at this budget, 0 cannot be "
        "told, 1 not run; by"
    ) in " ".join(shown.split())


def test_the_csv_has_a_row_for_every_metric(found: list[Verdict]) -> None:
    psnr, sam, other = csv.DictReader(io.StringIO(verdict_csv(found)))
    assert (psnr["metric"], psnr["metric_verdict"], psnr["verdict"]) == (
        "psnr", "reproduced", "not reached at this budget"
    )  # fmt: skip
    assert [float(psnr[name]) for name in ("printed", "measured", "difference")] == [34, 33, -1]
    assert (psnr["seeds"], psnr["scenes"], psnr["steps"], psnr["patches"]) == (
        "1", "3", "1500", "12000"
    )  # fmt: skip
    assert (sam["low"], sam["high"]) == ("", "")
    assert (other["published"], other["measured"], other["verdict"]) == ("'=B", "", "not run")


def test_what_is_unclear_is_said_to_be(make: Make, tmp_path: Path) -> None:
    add(make, "bicubic", trained=False, rows=rows(30, 30, 30))
    for seed, shift in enumerate((-2, 2)):
        add(make, seed=seed, rows=rows(32 + shift, 33 + shift, 34 + shift), trained_on=["cave"])
    page = typed(verdict_page(judged(tmp_path, printed("34.00")), COMMAND))
    assert "| cannot be told | 34.00, 33.00, -1.00 \\[" in page
    assert "unclear" in page.partition("## wang2017")[2]


def test_the_seeds_of_a_method_without_a_recipe_are_counted(make: Make, tmp_path: Path) -> None:
    for seed in (0, 1):
        add(make, seed=seed, trained=False, rows=rows(32, 33, 34))
    page = typed(verdict_page(judged(tmp_path, printed("33.00")), COMMAND))
    assert "| 2 seeds, 3 scenes |" in page


def test_a_row_says_that_bicubic_was_not_run(make: Make, tmp_path: Path) -> None:
    add(make, rows=rows(32, 33, 34))
    page = typed(verdict_page(judged(tmp_path, printed("34.00")), COMMAND))
    assert "-1.00 unclear" in page
    assert "1 seed, 3 scenes; no Bicubic cell of these scenes: their scatter is not known; " in page


def test_rows_without_a_main_metric_are_shown(tmp_path: Path) -> None:
    found = judged(tmp_path, [replace(printed("33.00")[0], metric="ssim")])
    assert [one.verdict for one in found] == ["not run"]
    assert "| x2      | Net         | net      | not run   |" in typed(verdict_page(found, COMMAND))
    assert verdict_csv(found).startswith("dataset,protocol,")
    stream = io.StringIO()
    show_verdicts(found, Console(file=stream, width=60))
    assert "1 published row: " in stream.getvalue()
