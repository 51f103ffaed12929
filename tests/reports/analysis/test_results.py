"""The two tables of stored cells, and the means that reports compute from them."""

import math
import statistics
from pathlib import Path

import pytest

from benchmark.store.cells import cells
from reports.analysis.facts import as_list, get_nested
from reports.analysis.results import ADDRESS, Costs, Results, deviation, mean, read_results
from tests.reports.conftest import SCENES, Make, scored


def read(folder: Path) -> Results:
    """Read every cell below a folder."""
    return read_results(cells(folder))


def test_scores_are_one_row_a_cell_scene_and_metric(make: Make, tmp_path: Path) -> None:
    for seed in (0, 1):
        make("srcnn", seed=seed, psnr=35.0 + seed)
    make("broken", status="failed", reason="no memory")
    found = read(tmp_path)
    assert list(found.scores) == [*ADDRESS, "scene", "metric", "value"]
    assert len(found.scores) == 2 * len(SCENES) * 7
    psnr = found.scores.query("method == 'srcnn' and seed == 1 and metric == 'psnr'")
    assert dict(zip(psnr["scene"], psnr["value"], strict=True)) == {
        "balloons": 35.0,
        "face": 36.0,
        "flowers": 37.0,
    }
    cell = found.cells.set_index("method").loc["broken"]
    assert (cell["status"], cell["reason"], cell["error"]) == ("failed", "no memory", "")
    assert found.failed("broken", 2)
    assert not found.failed("srcnn", 2)


def test_only_scenes_with_a_value_under_every_seed_are_averaged(make: Make, tmp_path: Path) -> None:
    rows = [{**row, "psnr": "" if row["scene"] == "face" else row["psnr"]} for row in scored(40, 4)]
    make("srcnn", seed=0, psnr=30.0)
    make("srcnn", seed=1, rows=rows)
    found = read(tmp_path)
    assert found.by_scene("srcnn", 2, "psnr") == {"balloons": 34.0, "flowers": 36.0}
    assert set(found.by_scene("srcnn", 2, "sam")) == set(SCENES)
    assert found.values("srcnn", 2, "psnr") == [30.0, 40.0]
    assert found.mean("srcnn", 2, "psnr") == 35.0
    assert math.isnan(found.mean("srcnn", 3, "psnr"))
    assert found.by_scene("srcnn", 3, "psnr") == {}


def test_cells_are_selected_by_parts_of_their_address(make: Make, tmp_path: Path) -> None:
    for dataset, scale in (("cave", 2), ("cave", 3), ("harvard", 2)):
        make(scale=scale, dataset=dataset)
    found = read(tmp_path).select(dataset="cave")
    assert found.scales == [2, 3]
    assert set(found.scores["dataset"]) == {"cave"}
    assert [cell.address.scale for cell in found.select(scale=3).stored] == [3]


def test_scores_with_a_scene_twice_are_an_error_of_their_cell(make: Make, tmp_path: Path) -> None:
    make("srcnn", rows=scored(30.0, 4.0, ("face", "face")))
    make("vdsr")
    found = read(tmp_path).cells
    errors = dict(zip(found["method"], found["error"], strict=True))
    assert errors == {"srcnn": "its scores cannot be read (ValueError); run it again", "vdsr": ""}


def test_times_are_means_over_the_finished_seeds(make: Make, tmp_path: Path) -> None:
    make("srcnn", seed=0)
    make("srcnn", seed=1, status="failed", reason="no")
    assert read(tmp_path).costs("srcnn", 2) == Costs(57281.0, 754.0, 0.125)
    nothing = read(tmp_path).costs("vdsr", 2)
    assert all(map(math.isnan, (nothing.parameters, nothing.fit_s, nothing.upscale_s)))
    assert not nothing.elsewhere


def test_a_method_that_learns_nothing_has_no_training_time(make: Make, tmp_path: Path) -> None:
    """The clock may see some microseconds around nothing, and tables would show 0.0 s."""
    nothing = {"method": {"name": "bicubic", "title": "Bicubic", "trained": False}}
    make("bicubic", configuration=nothing, fit_s=1e-5)
    make("wiener", configuration={"method": {**nothing["method"], "trained": True}}, fit_s=1e-2)
    found = read(tmp_path)
    assert math.isnan(found.costs("bicubic", 2).fit_s)
    assert found.costs("wiener", 2).fit_s == 1e-2


def test_means_and_deviations_ignore_nan_and_know_infinity() -> None:
    values = [1.0, math.nan, 2.0, 4.0]
    assert mean(values) == pytest.approx(7 / 3)
    assert deviation(values) == statistics.stdev([1.0, 2.0, 4.0])
    assert mean([1.0, math.inf]) == math.inf
    assert all(map(math.isnan, (mean([]), deviation([1.0]), deviation([1.0, math.inf, 2.0]))))


def test_facts_of_other_programs_are_read_with_defaults() -> None:
    facts = {"times": {"fit_s": 0}, "date": None, "parameters": 3}
    assert get_nested(facts, "times", "fit_s") == 0
    assert get_nested(facts, "date", default="unknown") == "unknown"
    assert get_nested(facts, "parameters", "deeper") is None
    assert [as_list(value) for value in (None, ["a"], "a", 0)] == [[], ["a"], ["a"], [0]]


def test_methods_of_one_title_are_told_apart(make: Make, tmp_path: Path) -> None:
    for method in ("srcnn", "mine", "mine[maps=4]", "vdsr"):
        make(method, title="VDSR" if method == "vdsr" else "SRCNN")
    titles = {one.label: one.title for one in read(tmp_path).methods()}
    assert titles == {
        "srcnn": "SRCNN (srcnn)",
        "mine": "SRCNN (mine)",
        "mine[maps=4]": "SRCNN [maps=4]",
        "vdsr": "VDSR",
    }
