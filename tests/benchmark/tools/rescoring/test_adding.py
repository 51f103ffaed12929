"""Metrics added to stored cells: the same numbers as a run gives, and nothing else changes."""

import json
import shutil
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from benchmark.data.split import Split
from benchmark.engine.training.profiles import PROFILES
from benchmark.execution.computation.reestimation import NO_WEIGHTS
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.plan import Folders, plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.method import METHODS, Method, Problem, State
from benchmark.metric import METRICS, BandPair, Metric, ScoredImage
from benchmark.store.cells import WEIGHTS, Cell, cells, extend, read
from benchmark.store.lock import CellLock
from benchmark.store.remedies import COMPUTE_AGAIN
from benchmark.tools.rescoring import Rescored, rescore
from tests.benchmark.execution.test_runner import BRIEF, Raises, planned, run
from tests.benchmark.support import CPU, EIGHT_BIT

LABELS = ["cc", "ergas[ratio=4]"]
ADDED = [METRICS.make(label) for label in LABELS]
STORED = ["psnr", "sam", "sam_float", "ssim", "ergas", "rmse"]
ESPCN = "synthetic[rows=48,columns=40,bands=5]/wang2017/brief/x2/espcn/seed0"


@pytest.fixture(scope="module")
def stored(tiny: Split, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run three methods and return the results folder, which no test changes."""
    results = tmp_path_factory.mktemp("stored")
    run(results, planned(tiny, "bicubic", "wiener", "espcn"))
    return results


@pytest.fixture
def results(
    stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registries: None
) -> Path:
    """Return a copy of the results folder; its profile can be found by its name."""
    monkeypatch.setitem(PROFILES, "brief", BRIEF)
    return Path(shutil.copytree(stored, tmp_path / "results"))


def add(results: Path, *metrics: Metric) -> Rescored:
    """Add metrics to all cells."""
    folders = Folders(Path("no-such-folder"), results, results.parent / "cache")
    return rescore(list(cells(results)), metrics, folders, CPU, Progress(StringIO()))


def contents(results: Path) -> Mapping[str, tuple[bytes, int]]:
    """Return the content and the time of every file below a folder, hidden ones included."""
    files = [file for file in results.rglob("*") if file.is_file()]
    return {
        str(file.relative_to(results)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in files
    }


def cell_of(results: Path, place: str = ESPCN) -> Cell:
    """Read a cell, which must be valid."""
    cell = read(results / place)
    assert cell is not None
    return cell


def test_the_added_scores_are_those_of_a_run(tiny: Split, results: Path, tmp_path: Path) -> None:
    rescored = add(results, *ADDED)
    assert list(rescored.added.values()) == 3 * [LABELS]
    assert rescored.present == []
    assert rescored.refused == {}
    methods = [METHODS.make(name) for name in ("bicubic", "wiener", "espcn")]
    experiment = Experiment(EIGHT_BIT, BRIEF, (2,), tuple(methods), metrics=tuple(ADDED))
    plans = plan_cells(tiny, experiment)
    run(tmp_path / "whole", plans)
    for plan in plans:
        place = plan.address.folder(Path()).as_posix()
        made, whole = cell_of(results, place), cell_of(tmp_path / "whole", place)
        assert made.facts["metrics"] == whole.facts["metrics"]
        assert [one["name"] for one in made.facts["metrics"]] == [*STORED, *LABELS]
        files = [cell.folder / "scores.csv" for cell in (made, whole)]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_nothing_else_of_a_cell_changes(stored: Path, results: Path) -> None:
    add(results, *ADDED)
    before, after = cell_of(stored), cell_of(results)
    changed = {name for name in after.facts if after.facts[name] != before.facts[name]}
    assert changed == {"metrics", "sums"}
    assert list(after.facts) == list(before.facts)
    for name in (WEIGHTS, "training.csv"):
        assert (after.folder / name).read_bytes() == (before.folder / name).read_bytes()
    tables = [cell.scores() for cell in (before, after)]
    assert tables[1].columns.tolist() == ["scene", *STORED, *LABELS, "skipped"]
    assert tables[1].drop(columns=LABELS).equals(tables[0])
    assert {path.name for path in results.iterdir()} == {path.name for path in stored.iterdir()}


def test_the_second_time_nothing_is_estimated_and_nothing_written(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(results, *ADDED)
    before = contents(results)

    def refuse(*_: object) -> None:
        raise AssertionError("it estimates again")

    monkeypatch.setattr("benchmark.tools.rescoring.adding.reestimate", refuse)
    again = add(results, *ADDED)
    assert (again.added, again.refused, len(again.present)) == ({}, {}, 3)
    assert contents(results) == before


def test_without_names_the_metrics_of_the_protocol_are_completed(
    stored: Path, results: Path
) -> None:
    """As where a protocol computes more than it did; the order is the protocol's."""
    whole = cell_of(results)
    few = [one for one in whole.facts["metrics"] if one["name"] not in ("sam", "ergas")]
    table = whole.scores().drop(columns=["sam", "ergas", "skipped"])
    extend(results, whole, {"metrics": few}, {"scores.csv": table.to_csv(index=False).encode()})
    rescored = add(results)
    assert rescored.added == {ESPCN: ["sam", "ergas"]}
    assert len(rescored.present) == 2
    assert cell_of(results).facts == cell_of(stored).facts


def test_cells_that_cannot_be_scored_are_named_and_the_others_are_scored(
    tiny: Split, results: Path
) -> None:
    METHODS.register("raises", title="Raises")(type("Raising", (Raises,), {}))
    run(results, planned(tiny, "raises", "srcnn", "wiener[joint=true]", "vdsr"))
    by_method = {cell.address.method: cell for cell in cells(results)}
    (by_method["espcn"].folder / WEIGHTS).unlink()
    extend(results, by_method["srcnn"], {"key": "0" * 64, "depends": {"numerics": "0"}}, {})
    extend(results, by_method["wiener[joint=true]"], {"metrics": 5}, {})
    METHODS._entries.pop("vdsr")
    rescored = add(results, *ADDED)
    reasons = {place.split("/")[-2]: why for place, why in rescored.refused.items()}
    assert reasons.pop("srcnn").startswith("it is stale: the engine's numerics and ")
    assert reasons.pop("vdsr").startswith("unknown method 'vdsr'; ")
    assert reasons == {
        "raises": "it failed: ZeroDivisionError: one over nothing",
        "espcn": NO_WEIGHTS,
        "wiener[joint=true]": "TypeError: 'int' object is not iterable",
    }
    assert [place.split("/")[-2] for place in rescored.added] == ["bicubic", "wiener"]


@pytest.mark.parametrize(("error", "refused"), [(0.0009, False), (0.0011, True)])
def test_stored_scores_must_come_out_again_to_a_tenth_of_the_last_digit(
    results: Path, error: float, refused: bool
) -> None:
    whole = cell_of(results)
    table: Any = whole.scores()
    table.loc[1, "psnr"] += error  # two digits are shown
    extend(results, whole, {}, {"scores.csv": table.to_csv(index=False).encode()})
    before = contents(whole.folder)
    rescored = add(results, *ADDED)
    if not refused:
        assert ESPCN in rescored.added
        assert cell_of(results).scores()["psnr"].tolist() == table["psnr"].tolist()
        return
    assert list(rescored.refused) == [ESPCN]
    assert rescored.refused[ESPCN].startswith(f"psnr of {table.loc[1, 'scene']} comes out as ")
    assert rescored.refused[ESPCN].endswith(f", expected the same up to 0.001; {COMPUTE_AGAIN}")
    assert len(rescored.added) == 2
    assert contents(whole.folder) == before


def test_other_scenes_and_unknown_metrics_in_a_cell_are_refused(results: Path) -> None:
    first, second, _ = cells(results)
    table = first.scores().iloc[::-1]
    extend(results, first, {}, {"scores.csv": table.to_csv(index=False).encode()})
    own = [{**second.facts["metrics"][0], "name": "mine"}]
    extend(results, second, {"metrics": [*second.facts["metrics"], *own]}, {})
    reasons = list(add(results, *ADDED).refused.values())
    assert reasons[0] == "its scores are of other scenes than its test scenes now"
    assert reasons[1].startswith("unknown metric 'mine'; ")


class Broken(Metric):
    """Cannot be computed."""

    title, digits, higher, meaning = "Broken", 2, True, "nothing"

    def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
        """Fail."""
        raise ZeroDivisionError("one over nothing")


def test_a_metric_that_fails_leaves_the_cells_as_they_are(results: Path) -> None:
    METRICS.register("broken")(type("Fresh", (Broken,), {}))
    before = contents(results)
    rescored = add(results, METRICS.make("broken"))
    reason = (
        "metric 'broken' failed: ZeroDivisionError: one over nothing; correct it, or leave it out"
    )
    assert set(rescored.refused.values()) == {reason}
    assert len(rescored.refused) == 3
    assert contents(results) == before


def test_a_cell_that_a_run_holds_is_refused(results: Path) -> None:
    cell = cell_of(results)
    lock = CellLock(results, cell.address, cell.facts["key"])
    assert lock.acquire()
    try:
        rescored = add(results, *ADDED)
    finally:
        lock.release()
    expected = "a run is computing it now; score it when that has ended"
    assert rescored.refused == {ESPCN: expected}
    assert len(rescored.added) == 2


def test_a_method_that_replaces_a_function_is_refused(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def upscale(_self: Method, low: Tensor, _problem: Problem, _state: State) -> Tensor:
        torch.round = cast(Any, torch.floor)
        return low

    before = torch.round
    monkeypatch.setattr(METHODS.entry("bicubic").cls, "upscale", upscale)
    rescored = add(results, *ADDED)
    (reason,) = rescored.refused.values()
    assert reason == "its method replaced torch.round"
    assert torch.round is before
    assert len(rescored.added) == 2


def test_what_is_stored_is_valid_json_with_the_facts_of_each_metric(results: Path) -> None:
    add(results, *ADDED)
    facts: dict[str, Any] = json.loads((results / ESPCN / "cell.json").read_text())
    assert facts["metrics"][-1] == {
        "name": "ergas[ratio=4]",
        "title": "ERGAS (ratio 4)",
        "unit": "",
        "digits": 2,
        "higher": False,
        "meaning": "relative global error, as in pansharpening",
        "main": False,
        "code": "version 1",
    }
