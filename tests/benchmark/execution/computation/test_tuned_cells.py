"""Cells whose learning rate trials choose: killed anywhere, and scored from stored weights."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmark.data.split import Split
from benchmark.engine.machine import environment
from benchmark.engine.training.checkpoint import Checkpointer
from benchmark.engine.training.step import Step
from benchmark.execution.computation.job import Job, JobResult, Settings, run_job
from benchmark.execution.planning.plan import CellPlan, plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.method import METHODS
from benchmark.store.cells import WEIGHTS, Cell, read
from tests.benchmark.execution.computation.support import BRIEF
from tests.benchmark.support import CPU, EIGHT_BIT, Recorder

# Trials of four steps, and a training of twelve with three validations.
TUNED = replace(BRIEF, tuning_patches=8, validations=3)
STEPS = 3 * 4 + 12


class Killed(BaseException):
    """The process ends here, and saves nothing more."""


def planned(split: Split, reference: str) -> CellPlan:
    """Plan the cell of a small network."""
    (plan,) = plan_cells(split, Experiment(EIGHT_BIT, TUNED, (2,), (METHODS.make(reference),)))
    return plan


def computed(
    plan: CellPlan, results: Path, stop: Callable[[], bool] = lambda: False, **more: Any
) -> JobResult:
    """Compute the cell with a checkpoint after each step, unless a test says otherwise."""
    settings = Settings(results, CPU, environment.describe(CPU), checkpoint_every=0.0, **more)
    return run_job(Job(plan, settings), Recorder(), stop, print)


def cell_of(plan: CellPlan, results: Path) -> Cell:
    """Read the cell, which must be there."""
    cell = read(plan.address.folder(results))
    assert cell is not None
    return cell


def numbers(cell: Cell) -> list[Any]:
    """Return all that must not depend on when a cell was killed."""
    text = (cell.folder / "training.csv").read_text(encoding="utf-8")
    rows = [{**row, "seconds": ""} for row in csv.DictReader(text.splitlines())]
    sums = [cell.facts["sums"][name] for name in ("scores.csv", WEIGHTS)]
    return [cell.facts["training"], sums, rows, cell.facts["key"]]


def test_a_cell_killed_again_and_again_is_the_cell_that_nobody_touched(
    tiny: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process saves a checkpoint after its fifth step, and is killed after its sixth."""
    plan = planned(tiny, "srcnn")
    assert computed(plan, tmp_path / "whole") == JobResult("done")
    since, taken, kills = 0, 0, 0
    take = Step.take

    def counted(self: Step, *arguments: Any) -> Any:
        nonlocal since, taken
        since, taken = since + 1, taken + 1
        return take(self, *arguments)

    def killed() -> bool:
        if since > 5:
            raise Killed
        return False

    monkeypatch.setattr(Step, "take", counted)
    monkeypatch.setattr(Checkpointer, "due", lambda _: since == 5)
    while (result := computed(plan, tmp_path / "killed", killed)).reason.startswith("Killed"):
        since, kills = 0, kills + 1
        assert kills < STEPS
    assert result == JobResult("done")
    assert kills == 4
    assert taken == STEPS + kills  # the sixth steps; no trial that had ended
    whole, again = (cell_of(plan, tmp_path / folder) for folder in ("whole", "killed"))
    assert numbers(again) == numbers(whole)
    assert (whole.facts["resumed"], again.facts["resumed"]) == (0, kills)


def test_a_cell_records_its_trials_the_chosen_rate_and_the_seconds_of_all(
    tiny: Split, tmp_path: Path
) -> None:
    plan = planned(tiny, "srcnn")
    steps = iter([False] * 14 + [True])  # within the training
    assert computed(plan, tmp_path, steps.__next__).kind == "stopped"
    assert computed(plan, tmp_path) == JobResult("done")
    facts = cell_of(plan, tmp_path).facts
    trials = facts["training"]["tuning"]
    assert list(trials) == ["0.5", "1.0", "2.0"]
    assert facts["training"]["rate"] == max(map(float, trials), key=lambda one: trials[str(one)])
    assert facts["training"]["steps"] == 12
    last = (plan.address.folder(tmp_path) / "training.csv").read_text().splitlines()[-1]
    assert facts["times"]["fit_s"] > float(last.rpartition(",")[2])  # of the training alone


def test_stored_weights_have_the_scores_and_the_trials_of_their_cell(
    tiny: Split, tmp_path: Path
) -> None:
    plan = planned(tiny, "srcnn")
    assert computed(plan, tmp_path / "trained") == JobResult("done")
    assert computed(plan, tmp_path / "scored", pretrained=tmp_path / "trained").kind == "done"
    before, now = (cell_of(plan, tmp_path / folder) for folder in ("trained", "scored"))
    assert numbers(now) == numbers(before)
    assert now.facts["training"]["tuning"]
