"""Curves for TensorBoard of trainings that were interrupted: every value once, without a gap."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from benchmark.data.split import Split
from benchmark.engine.training.checkpoint import Checkpointer
from benchmark.execution.computation.job import JobResult, Settings
from benchmark.execution.listeners.tensorboard import LOSS, PSNR
from benchmark.method import NetworkMethod
from tests.benchmark.engine.training.test_checkpoint import after
from tests.benchmark.execution.listeners.curves import (
    BRIEF,
    OWN,
    Network,
    agree,
    carried,
    curves,
    known,
    package,
    planned,
    rows,
    settings,
)

__all__ = ["known", "package", "settings"]  # fixtures


def test_a_training_that_was_stopped_goes_on_without_a_gap_or_a_double(
    tiny: Split, settings: Settings, known: Callable[..., NetworkMethod]
) -> None:
    task = planned(tiny, known(schedule="plateau", patience=1, gamma=0.5), OWN)
    assert carried(task, settings, after(8))[0].kind == "stopped"
    first = curves(task, settings)
    assert 0 < len(first.steps(LOSS)) < 6
    assert carried(task, settings)[0] == JobResult("done")
    found = curves(task, settings)
    assert len(found.files) == 2
    agree(found, rows(task, settings))


@pytest.mark.parametrize("steps", [0, 2, 6, 14], ids=lambda steps: f"stopped after {steps}")
def test_trials_of_a_rate_leave_nothing_in_the_curves(
    tiny: Split, settings: Settings, steps: int
) -> None:
    """Three trials of four steps go before the twelve of the training."""
    task = planned(tiny, "srcnn", replace(BRIEF, tuning_patches=8))
    if steps:
        assert carried(task, settings, after(steps))[0].kind == "stopped"
    assert carried(task, settings)[0] == JobResult("done")
    agree(curves(task, settings), rows(task, settings))


def test_what_a_killed_training_wrote_beyond_its_checkpoint_is_taken_back(
    tiny: Split,
    settings: Settings,
    known: Callable[..., NetworkMethod],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = planned(tiny, known(schedule="plateau", patience=1, gamma=0.5), OWN)
    monkeypatch.setattr(Network, "last", 9)
    with monkeypatch.context() as patch:  # one checkpoint, after step 5
        patch.setattr(Checkpointer, "due", lambda _self: Network.begun == 5)
        assert carried(task, settings)[0].kind == "failed"
    assert curves(task, settings).steps(LOSS) == [2, 4, 6, 8]
    monkeypatch.setattr(Network, "last", None)
    assert carried(task, settings)[0] == JobResult("done")
    assert Network.begun == 9 + 1 + 7
    found = curves(task, settings)
    assert found.steps(LOSS) == [2, 4, 6, 8, 10, 12]
    agree(found, rows(task, settings))


def test_what_stands_before_a_checkpoint_is_on_the_disk(
    tiny: Split, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []
    task = planned(tiny, "espcn")
    save = Checkpointer.save

    def saving(self: Checkpointer, state: dict[str, Any]) -> None:
        seen.append(curves(task, settings).steps(LOSS))
        save(self, state)

    monkeypatch.setattr(Checkpointer, "save", saving)
    assert carried(task, replace(settings, checkpoint_every=0.0))[0] == JobResult("done")
    assert seen[:6] == [[], [2], [2], [2, 4], [2, 4], [2, 4, 6]]


def test_curves_asked_for_late_begin_at_the_beginning(
    tiny: Split, settings: Settings, known: Callable[..., NetworkMethod]
) -> None:
    task = planned(tiny, known(schedule="step", step_size=1, gamma=0.5), OWN)
    assert carried(task, replace(settings, tensorboard=False), after(8))[0].kind == "stopped"
    assert not (settings.results / "tensorboard").exists()
    assert carried(task, settings)[0] == JobResult("done")
    agree(curves(task, settings), rows(task, settings))


def test_a_training_that_starts_anew_begins_anew(tiny: Split, settings: Settings) -> None:
    long, short = replace(BRIEF, patches=48), replace(BRIEF, validations=2)
    assert carried(planned(tiny, "espcn", long), settings)[0] == JobResult("done")
    task = planned(tiny, "espcn", short)
    assert carried(task, settings)[0] == JobResult("done")
    found = curves(task, settings)
    assert len(found.files) == 1
    assert found.steps(PSNR) == [6, 12]
    agree(found, rows(task, settings))


def test_a_checkpoint_that_cannot_be_used_begins_anew(tiny: Split, settings: Settings) -> None:
    task = planned(tiny, "espcn")
    assert carried(task, settings, after(8))[0].kind == "stopped"
    (checkpoint,) = settings.results.rglob("*.checkpoint")
    checkpointer = Checkpointer(checkpoint, 1e9, lambda: False, print, "CPU")
    checkpointer.save({"weights": "of another engine"})
    ending, messages, _ = carried(task, settings)
    assert (ending, len(messages)) == (JobResult("done"), 1)
    agree(curves(task, settings), rows(task, settings))
