"""The CSV table: the numbers of numpy, and no formula for a spreadsheet."""

import csv
from pathlib import Path

import numpy as np
import pytest

from benchmark.metric import RESERVED
from benchmark.store.cells import COUNTS
from reports.writers.csv_files import guarded
from reports.writers.files import write_tables
from tests.reports.conftest import Make, scored


def test_the_csv_agrees_with_numpy(make: Make, tmp_path: Path) -> None:
    cells = [make("srcnn", seed=1, psnr=35.3), make("bicubic", 4, psnr=30.1, sam=6.4)]
    lone = make("vdsr", rows=scored(36.0, 4.0, ["face"]))
    wanted = []
    for cell in [cells[1], cells[0], lone]:
        with (cell.folder / "scores.csv").open() as stream:
            scores = list(csv.DictReader(stream))
        for metric in ("psnr", "sam", "sam_float", "ssim", "ergas", "rmse"):
            values = np.array([float(row[metric]) for row in scores])
            std = float(np.std(values, ddof=1)) if len(values) > 1 else None
            wanted.append((cell.address.method, metric, float(np.mean(values)), std, len(values)))
    with write_tables(tmp_path, "cave").paths[2].open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    more = ["machine", "other_machine", "protocol_version"]
    assert set(COUNTS) == set(RESERVED) - {"scene"}  # nor are they rows
    header = ["dataset", "protocol", "profile", "scale", "method", "seed", "metric"]
    assert list(rows[0]) == [*header, "mean", "std", "n", *more]
    assert {row["dataset"] for row in rows} == {"cave"}
    assert {(row["method"], row["scale"], row["seed"]) for row in rows} == {
        ("srcnn", "2", "1"),
        ("bicubic", "4", "0"),
        ("vdsr", "2", "0"),
    }
    by_key = {(row["method"], row["metric"]): row for row in rows}
    assert len(by_key) == len(rows) == len(wanted) == 18
    for method, metric, mean, std, n in wanted:
        row = by_key[method, metric]
        assert float(row["mean"]) == pytest.approx(mean, rel=1e-12)
        assert int(row["n"]) == n
        if std is None:
            assert row["std"] == ""
        else:
            assert float(row["std"]) == pytest.approx(std, rel=1e-9, abs=1e-12)


def test_a_failed_cell_stays_in_the_csv_with_n_zero(make: Make, tmp_path: Path) -> None:
    make("srcnn", status="failed", reason="no")
    assert write_tables(tmp_path, "cave").paths[2].read_text().splitlines()[1:] == [
        "cave,wang2017,standard,2,srcnn,0,psnr,,,0,NVIDIA H200,False,",
        "cave,wang2017,standard,2,srcnn,0,sam,,,0,NVIDIA H200,False,",
    ]


def test_labels_cannot_be_formulas_in_a_spreadsheet(make: Make, tmp_path: Path) -> None:
    make("=cmd()", rows=[{"scene": "face", "psnr": -3.5, "sam": 1.0}], device="=gpu()")
    lines = write_tables(tmp_path, "cave").paths[2].read_text().splitlines()
    assert lines[1] == "cave,wang2017,standard,2,'=cmd(),0,psnr,-3.5,,1,'=gpu(),False,"
    assert [guarded(text) for text in ("+a", "-a", "@a", "a=b")] == ["'+a", "'-a", "'@a", "a=b"]
