"""The learning rate of each network is chosen by short trainings, and they are not repeated."""

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from benchmark.data.split import Split
from benchmark.engine.training import tuning
from benchmark.engine.training.checkpoint import Stopped
from benchmark.engine.training.listener import WholeCell
from benchmark.engine.training.loop import Trained, TrainingError, TrainingTask, train
from benchmark.engine.training.profiles import PROFILES, Profile
from benchmark.engine.training.tuning import FACTORS, train_at_best_rate
from benchmark.engine.training.validation import Validation
from benchmark.method import NetworkMethod, Recipe
from tests.benchmark.engine.training.support import SHORT, Gained, held_out
from tests.benchmark.engine.training.test_checkpoint import checkpoint, same
from tests.benchmark.support import CPU, Recorder, SamePatches, bank_of, network_method, problem
from tests.benchmark.support import random as drawn

TUNED = replace(SHORT, tuning_patches=8)  # trials of 4 steps, a training of 12


def task_of(split: Split, profile: Profile, *, held: bool = True) -> TrainingTask:
    """Return a small training of SRCNN."""
    method, task = network_method("srcnn"), problem(2, 5)
    bank = bank_of(split.train, 2, count=profile.patches, size=profile.patch)
    pairs = held_out(split, method, task) if held else []
    return TrainingTask(method, task, profile, 0, bank, pairs)


@pytest.fixture(scope="module")
def whole(tiny: Split) -> Trained:
    """Return the training without an interruption."""
    return train_at_best_rate(task_of(tiny, TUNED), CPU)


def test_the_training_is_that_at_the_rate_whose_trial_scored_highest(
    tiny: Split, whole: Trained
) -> None:
    trials = {}
    for factor in FACTORS:
        short = replace(SHORT, patches=8, lr=SHORT.lr * factor, validations=1)
        first = task_of(tiny, SHORT)
        trials[str(factor)] = train(replace(first, profile=short), CPU).history[-1]["psnr"]
    assert whole.tuning == trials
    # SRCNN is so slow after four steps that each doubling of the rate gains more than the margin.
    assert whole.rate == max(FACTORS, key=lambda factor: trials[str(factor)])
    same(whole, train(task_of(tiny, replace(SHORT, lr=SHORT.lr * whole.rate)), CPU))


def test_stopping_at_every_single_step_changes_nothing(
    tiny: Split, tmp_path: Path, whole: Trained
) -> None:
    file, stops = tmp_path / "training.checkpoint", 0
    while True:
        try:
            again = train_at_best_rate(
                task_of(tiny, TUNED), CPU, checkpointer=checkpoint(file, lambda: True)
            )
        except Stopped:
            stops += 1
        else:
            break
    assert stops == 3 * 3 + 11  # a training is not stopped after its last step
    same(whole, again)
    assert (again.tuning, again.rate, again.resumed > 0) == (whole.tuning, whole.rate, True)


def test_a_trial_that_has_ended_is_not_repeated(tiny: Split, tmp_path: Path) -> None:
    file, seen = tmp_path / "training.checkpoint", Recorder()
    stop = iter([False] * 6 + [True])
    with pytest.raises(Stopped):
        train_at_best_rate(task_of(tiny, TUNED), CPU, checkpointer=checkpoint(file, stop.__next__))
    train_at_best_rate(task_of(tiny, TUNED), CPU, seen, checkpoint(file))
    assert len(seen.started_at) == 3  # of two trials and the training; the second goes on
    assert seen.started_at[0] > 0


def test_a_checkpoint_with_trials_of_another_version_starts_over(
    tiny: Split, tmp_path: Path, whole: Trained
) -> None:
    file = tmp_path / "training.checkpoint"
    checkpoint(file).save({"tuning": {"trials": {"scores": {}}, "factor": 0.5}})
    checkpointer = checkpoint(file)
    same(whole, train_at_best_rate(task_of(tiny, TUNED), CPU, checkpointer=checkpointer))
    (line,) = checkpointer.messages
    assert line.endswith("the training starts over")


@pytest.mark.parametrize("stopped", [0, 6], ids=["whole", "stopped in the second trial"])
def test_progress_counts_the_steps_of_trials_and_training_as_one(
    tiny: Split, tmp_path: Path, stopped: int
) -> None:
    file, seen = tmp_path / "training.checkpoint", Recorder()
    if stopped:
        stop = iter([False] * stopped + [True])
        with pytest.raises(Stopped):
            train_at_best_rate(
                task_of(tiny, TUNED), CPU, WholeCell(seen), checkpoint(file, stop.__next__)
            )
    train_at_best_rate(task_of(tiny, TUNED), CPU, WholeCell(seen), checkpoint(file))
    # The loss is read at the end of each trial, and three times in the training.
    assert [step for step, *_ in seen.steps] == [4, 8, 12, 16, 20, 24]
    assert {steps for _, steps, _ in seen.steps} == {24}


def test_a_profile_without_trials_trains_at_its_rate(tiny: Split) -> None:
    made = train_at_best_rate(task_of(tiny, SHORT), CPU)
    assert (made.tuning, made.rate) == ({}, 1.0)
    same(made, train(task_of(tiny, SHORT), CPU))


def test_a_papers_own_recipe_is_taken_as_it_is(tiny: Split, tmp_path: Path) -> None:
    seen, stopping = Recorder(), checkpoint(tmp_path / "training.checkpoint", lambda: True)
    for _ in range(2):
        with pytest.raises(Stopped):
            train_at_best_rate(task_of(tiny, replace(TUNED, epochs=0)), CPU, seen, stopping)
    assert seen.started_at == [0, 1]  # one training, which goes on


def test_without_validation_scenes_the_rate_is_the_profiles(tiny: Split) -> None:
    made = train_at_best_rate(task_of(tiny, TUNED, held=False), CPU)
    assert (made.tuning, made.rate) == ({}, 1.0)


def test_a_trial_whose_last_step_diverged_is_not_chosen(
    tiny: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its loss was computed before that step, so that it is no error of the trial."""
    psnr = iter([math.nan, 30.0, 31.0, 32.0])
    monkeypatch.setattr(
        tuning, "train", lambda *_: Trained({}, history=[{"psnr": next(psnr)}], seconds=1.0)
    )
    made = train_at_best_rate(task_of(tiny, TUNED), CPU)
    assert (made.rate, made.tuning) == (2.0, {"0.5": None, "1.0": 30.0, "2.0": 31.0})


def test_a_trial_that_diverges_takes_its_time_too(
    tiny: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trial(task: TrainingTask, *_: object) -> Trained:
        if task.profile.lr > SHORT.lr:
            time.sleep(0.02)
            raise TrainingError("the loss became nan")
        return Trained({}, history=[{"psnr": 30.0}], seconds=1.0)

    monkeypatch.setattr(tuning, "train", trial)
    made = train_at_best_rate(task_of(tiny, TUNED), CPU)
    assert made.tuning["2.0"] is None
    assert made.seconds >= 3.02


@pytest.mark.parametrize(
    ("psnr", "rate"),
    [
        ((30.0, 31.0, 32.0), 2.0),
        ((30.0, 32.0, 31.0), 1.0),
        ((32.0, 31.0, 30.0), 0.5),
        # The next lower rate is taken where it is nearly as good, and none below that one.
        ((31.3, 32.49, 32.74), 1.0),
        ((31.8, 31.9, 32.0), 1.0),
        ((31.8, 32.0, 31.0), 0.5),
        ((30.0, 31.7, 32.0001), 2.0),
        # Diverged trials are out of the question.
        ((30.0, 31.0, None), 1.0),
        ((31.8, None, 32.0), 0.5),
        ((None, 31.0, 31.1), 1.0),
        ((None, None, 30.0), 2.0),
        ((None, None, None), 1.0),
    ],
)
def test_the_lower_of_two_rates_is_chosen_unless_the_higher_is_clearly_ahead(
    tiny: Split,
    monkeypatch: pytest.MonkeyPatch,
    psnr: tuple[float | None, float | None, float | None],
    rate: float,
) -> None:
    ends = iter([*psnr, 33.0])

    def trial(*_: object) -> Trained:
        if (end := next(ends)) is None:
            raise TrainingError("the loss became nan")
        return Trained({}, history=[{"psnr": end}], seconds=1.0)

    monkeypatch.setattr(tuning, "train", trial)
    made = train_at_best_rate(task_of(tiny, TUNED), CPU)
    assert (made.rate, tuple(made.tuning.values())) == (rate, psnr)


@dataclass(frozen=True)
class Descent(Profile):
    """Plain gradient descent at the profile's rate."""

    def recipe(self, method: NetworkMethod) -> Recipe:
        """Return it, whatever the method."""
        return Recipe("sgd", lr=self.lr, schedule="constant", momentum=0.0, batch_size=1, epochs=1)


@pytest.mark.parametrize(
    ("lr", "rate", "why"),
    [(6.0, 0.5, "twice as much diverges"), (0.002, 2.0, "all are slow"), (0.5, 0.5, "all arrive")],
)
def test_the_rate_is_the_best_or_of_equal_ones_the_lowest(lr: float, rate: float, why: str) -> None:
    x = drawn(1, 2, 6, 6)
    curvature = 2 * float(x.square().mean())  # the weight converges at rates below 2 / curvature
    profile = Descent("descent", "", 400, lr=lr / (2 * curvature), tuning_patches=300)
    pairs = [Validation({"upscaled": x[0] / 4}, x[0] / 2, 0.0)]
    task = TrainingTask(Gained(0.5), problem(2, 2), profile, 0, SamePatches(x, 2 * x, 400), pairs)
    assert train_at_best_rate(task, CPU).rate == rate, why


def test_the_two_longest_profiles_try_rates() -> None:
    tried = [name for name, one in PROFILES.items() if one.tuning_patches]
    assert tried == ["overnight", "standard"]
