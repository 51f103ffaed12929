"""The rows and columns of a table: order, means, deviations, cells that failed."""

from pathlib import Path

import numpy as np

from benchmark.store.cells import write
from reports.analysis.comparison.ranking import ranks
from reports.analysis.metrics import Metric
from reports.formatting import duration, signed, significant
from reports.writers.files import write_tables
from tests.reports.conftest import Make, scored, typed
from tests.reports.writers.files.support import head, table


def test_rows_are_methods_and_columns_psnr_then_sam_by_scale(make: Make, tmp_path: Path) -> None:
    for scale in (4, 2, 3):
        make("srcnn", scale, psnr=38.0 - scale, sam=2.0 + scale, title="SRCNN")
        make("bicubic", scale, psnr=33.0 - scale, sam=4.0 + scale, title="Bicubic", trained=False)
    rows = table(write_tables(tmp_path, "cave").markdown, "PSNR and SAM")
    assert rows == [
        ["Method", *(f"PSNR ↑ x{s}" for s in (2, 3, 4)), *(f"SAM ↓ x{s}" for s in (2, 3, 4))],
        ["Bicubic", "*31.00*", "*30.00*", "*29.00*", "*6.00*", "*7.00*", "*8.00*"],
        ["SRCNN", "**36.00**", "**35.00**", "**34.00**", "**4.00**", "**5.00**", "**6.00**"],
    ]


def test_values_that_print_alike_rank_alike() -> None:
    psnr, sam = Metric("psnr", "PSNR", 2, higher=True), Metric("sam", "SAM", 2)
    assert ranks([30.001, 31.5, float("nan"), 31.499, 29.0], psnr) == [2, 1, 0, 1, 0]
    assert ranks([3.0, 1.0, 2.0], sam) == [0, 1, 2]
    assert ranks([3.0, float("nan")], sam) == [0, 0]


def test_several_seeds_have_a_mean_and_a_deviation(make: Make, tmp_path: Path) -> None:
    for seed, psnr in enumerate((35.0, 35.2, 35.7)):
        make("srcnn", seed=seed, psnr=psnr, sam=4.0)
    make("bicubic", psnr=31.0, sam=6.0, trained=False)
    make("vdsr", psnr=36.0, sam=5.0)
    tables = write_tables(tmp_path, "cave")
    mean, std = np.mean([35.0, 35.2, 35.7]), np.std([35.0, 35.2, 35.7], ddof=1)
    rows = table(tables.markdown, "PSNR and SAM")
    assert rows[1:] == [
        ["BICUBIC", "31.00", "6.00"],
        ["SRCNN", f"*{mean:.2f} ± {std:.2f}*", "**4.00 ± 0.00**"],
        ["VDSR", "**36.00**¹", "*5.00*¹"],
    ]
    assert tables.sections[0].notes == ("without seeds 1, 2",)
    assert head(tables, "Seeds") == "0, 1, 2"


def test_failed_and_missing_cells_keep_their_places(make: Make, tmp_path: Path) -> None:
    make("bicubic", 2, psnr=31.0)
    make("bicubic", 3, psnr=30.0)
    make("srcnn", 2, status="failed", reason="out of memory\n(3 GiB)")
    make("vdsr", 2, psnr=36.0, sam=4.0, warnings=["still improving"])
    tables = write_tables(tmp_path, "cave")
    assert table(tables.markdown, "PSNR and SAM")[1:] == [
        ["BICUBIC", "*31.00*", "30.00", "**4.00**", "4.00"],
        ["SRCNN", "failed¹", "--", "failed¹", "--"],
        ["VDSR", "**36.00**²", "--", "**4.00**²", "--"],
    ]
    assert typed(tables.markdown).endswith(
        "### Notes\n\n1. failed: out of memory (3 GiB)\n2. still improving\n"
    )
    assert ["x2", "SRCNN¹", *["failed"] * 4, *["--"] * 3] in table(
        tables.markdown, "Other metrics and cost"
    )


def test_one_failed_seed_is_noted_and_the_others_are_averaged(make: Make, tmp_path: Path) -> None:
    make("srcnn", seed=0, psnr=35.0)
    make("srcnn", seed=1, status="failed", reason="the loss is not finite")
    tables = write_tables(tmp_path, "cave")
    assert table(tables.markdown, "PSNR and SAM")[1] == ["SRCNN", "35.00¹", "4.00¹"]
    assert tables.sections[0].notes == ("seed 1 failed: the loss is not finite",)


def test_scores_that_cannot_be_read_cost_their_own_place_only(make: Make, tmp_path: Path) -> None:
    make("bicubic", psnr=31.0)
    cell = make("srcnn", rows=[{**scored(30.0, 4.0)[1], "psnr": ""}])
    tables = write_tables(tmp_path, "cave")
    assert table(tables.markdown, "PSNR and SAM")[2] == ["SRCNN", "--¹", "4.00¹"]
    assert (
        tables.sections[0]
        .notes[0]
        .startswith("has no value for psnr of 3 of 3 scenes, sam of 2 of 3 scenes, sam_float of")
    )
    added = ("format", "address", "sums", "seal")
    facts = {name: value for name, value in cell.facts.items() if name not in added}
    write(tmp_path, cell.address, facts, {})
    tables = write_tables(tmp_path, "cave")
    assert table(tables.markdown, "PSNR and SAM")[1:] == [
        ["BICUBIC", "31.00", "4.00"],
        ["SRCNN", "--¹", "--¹"],
    ]
    assert "its scores cannot be read (FileNotFoundError)" in tables.markdown


def test_other_metrics_and_cost_have_a_table_of_their_own(make: Make, tmp_path: Path) -> None:
    make("srcnn", psnr=40.0, sam=4.0)
    make("bicubic", psnr=32.0, sam=6.0, trained=False)
    rows = table(write_tables(tmp_path, "cave").markdown, "Other metrics and cost")
    cost, spent = ["Parameters", "Training", "s/image"], ["57,281", "13 min", "0.125"]
    assert rows == [
        ["Scale", "Method", "SAM (float) ↓", "SSIM ↑", "ERGAS ↓", "RMSE ↓", *cost],
        ["x2", "BICUBIC", "*5.75*", "*0.9320*", "*3.12*", "*6.25*", "0", "--", "0.125"],
        ["x2", "SRCNN", "**3.75**", "**0.9400**", "**2.50**", "**5.00**", *spent],
    ]


def test_rows_are_bicubic_then_the_others_by_name(make: Make, tmp_path: Path) -> None:
    for method in ("vdsr", "bicubic", "espcn", "srcnn"):
        make(method)
    grid = write_tables(tmp_path, "cave").sections[0].grids[0]
    assert [row[0].text for row in grid.rows] == ["BICUBIC", "ESPCN", "SRCNN", "VDSR"]


def test_a_perfect_estimate_is_infinite_and_still_the_best(make: Make, tmp_path: Path) -> None:
    perfect, *others = scored(9.0, 0.0)
    make("oracle", rows=[{**perfect, "psnr": "inf", "sam": 0}, *({**o, "sam": 0} for o in others)])
    make("bicubic", psnr=31.0)
    tables = write_tables(tmp_path, "cave")
    assert table(tables.markdown, "PSNR and SAM")[2] == ["ORACLE", "**∞**", "**0.00**"]
    assert ",oracle,0,psnr,inf,,3,NVIDIA H200,False,\n" in tables.paths[2].read_text()


def test_signs_and_times_are_readable() -> None:
    assert signed(-1.184, 2) == "\N{MINUS SIGN}1.18"
    assert [signed(value, 2) for value in (0.5, -0.001, 0.0)] == ["+0.50", "0.00", "0.00"]
    numbers = [significant(value) for value in (0.0, 0.0002, 0.125, 3.14159, 250.4)]
    assert numbers == ["< 0.001", "< 0.001", "0.125", "3.14", "250"]
    assert [duration(value) for value in (4.2, 90, 754, 9000, 259_200)] == [
        "4.2 s",
        "90 s",
        "13 min",
        "2.5 h",
        "3.0 d",
    ]


def test_latex_sets_the_scales_of_the_other_metrics_apart(make: Make, tmp_path: Path) -> None:
    for scale in (2, 3):
        make("srcnn", scale)
    lines = write_tables(tmp_path, "cave").paths[1].read_text().splitlines()
    gap = lines.index(r"\addlinespace")
    assert lines.count(r"\addlinespace") == 1
    assert lines[gap - 1].startswith(r"\ensuremath{\times}2 & SRCNN")
    assert lines[gap + 1].startswith(r"\ensuremath{\times}3 & SRCNN")
