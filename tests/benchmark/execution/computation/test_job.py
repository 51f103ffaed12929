"""Jobs carried out: a cell is stored, and a stopped training goes on from its checkpoint."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmark.engine.machine.device import Device
from benchmark.engine.training.checkpoint import Checkpointer
from benchmark.execution.computation.job import Job, JobResult, Settings, run_job
from benchmark.method import Method
from benchmark.store.cells import read as read_cell
from tests.benchmark.engine.training.test_checkpoint import after
from tests.benchmark.execution.computation.support import (
    SCENES,
    Late,
    carried,
    cell_of,
    checkpoint_of,
    planned,
    split_of,
)
from tests.benchmark.support import Recorder


def test_a_job_carried_out_is_a_cell_stored(cache: Path, settings: Settings) -> None:
    task, listener = planned(split_of(cache, scenes=SCENES), "espcn"), Recorder()
    assert carried(task, settings, listener=listener) == JobResult("done")
    cell = cell_of(task, settings)
    assert cell.status == "done"
    assert cell.facts["key"] == task.key
    assert cell.facts["depends"] == task.depends
    assert cell.facts["environment"] == settings.environment
    assert cell.facts["resumed"] == 0
    assert listener.scenes == ["leaves04"]
    assert listener.steps[-1][:2] == (12, 12)


def test_a_stopped_job_continues_from_its_checkpoint(cache: Path, settings: Settings) -> None:
    task = planned(split_of(cache, scenes=SCENES), "espcn")
    whole = replace(settings, results=settings.results / "whole")
    assert carried(task, whole) == JobResult("done")
    result = carried(task, settings, after(8))
    assert (result.kind, result.trace) == ("stopped", "")
    assert "will resume from a checkpoint" in result.reason
    assert read_cell(task.address.folder(settings.results)) is None
    assert checkpoint_of(task, settings).exists()
    assert carried(task, settings) == JobResult("done")
    cell, other = cell_of(task, settings), cell_of(task, whole)
    assert cell.facts["resumed"] == 1
    for name in ("scores.csv", "weights.safetensors"):
        assert cell.facts["sums"][name] == other.facts["sums"][name]


def test_a_checkpoint_of_another_engine_does_not_stand_in_the_way(
    cache: Path, settings: Settings
) -> None:
    """Valid, with a correct checksum and the same key, but with unknown entries."""
    task, told = planned(split_of(cache, scenes=SCENES), "espcn"), list[str]()
    checkpointer = Checkpointer(
        checkpoint_of(task, settings), 1e9, lambda: False, told.append, "CPU"
    )
    checkpointer.save({"weights": torch.zeros(3)})
    result = run_job(Job(task, settings), Recorder(), lambda: False, told.append)
    assert result == JobResult("done")
    assert cell_of(task, settings).facts["resumed"] == 0
    assert len(told) == 1


def test_a_loss_that_is_not_finite_leaves_no_checkpoint(
    cache: Path, settings: Settings, known: Callable[..., Method]
) -> None:
    """From there the same training would only come to the same end."""
    task = planned(split_of(cache, scenes=SCENES), known(Late))
    often = replace(settings, checkpoint_every=0.0)
    result = carried(task, often)
    assert result.kind == "failed"
    assert result.reason == "TrainingError: the loss became nan before step 12"
    assert "Traceback" in result.trace
    assert [path for path in settings.results.rglob("*") if path.is_file()] == []


def test_another_failure_keeps_its_checkpoint_for_a_retry(
    cache: Path,
    settings: Settings,
    known: Callable[..., Method],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = planned(split_of(cache, scenes=SCENES), known(Late))
    often, listener = replace(settings, checkpoint_every=0.0), Recorder()
    monkeypatch.setattr(Late, "error", OSError("the network drive is gone"))
    assert carried(task, often).reason == "OSError: the network drive is gone"
    assert Late.begun == 8
    assert checkpoint_of(task, settings).exists()
    monkeypatch.setattr(Late, "last", 100)
    assert carried(task, often, listener=listener) == JobResult("done")
    assert Late.begun == 8 + (12 - 7)
    assert cell_of(task, settings).facts["resumed"] == 1


def test_a_training_that_failed_at_its_test_scenes_is_not_done_again(
    cache: Path,
    settings: Settings,
    known: Callable[..., Method],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Late, "last", 100)
    task = planned(split_of(cache, scenes=SCENES), known(Late))
    with monkeypatch.context() as patch:
        patch.setattr("benchmark.execution.computation.evaluation.score", lambda *_, **__: 1 / 0)
        assert carried(task, settings).reason == "ZeroDivisionError: division by zero"
    assert Late.begun == 12
    assert carried(task, settings) == JobResult("done")
    assert Late.begun == 12


def test_a_cell_that_was_begun_on_another_device_says_so(cache: Path, settings: Settings) -> None:
    task = planned(split_of(cache, scenes=SCENES), "espcn")
    assert carried(task, settings, after(8)).kind == "stopped"
    here = settings.device
    other = replace(settings, device=Device(here.torch, bfloat16=not here.bfloat16))
    assert carried(task, other, after(1)).kind == "stopped"
    assert carried(task, other) == JobResult("done")
    assert cell_of(task, settings).facts["warnings"][-1] == (
        f"interrupted, and computed on {here.title}, then on {other.device.title}: on one of them "
        "alone it has other numbers"
    )
