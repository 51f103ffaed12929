"""The history of a training: its rows and validations, and what weights and warnings follow."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark.data.split import Split
from benchmark.engine.training.loop import TrainingError, TrainingTask, train
from benchmark.engine.training.profiles import Profile
from benchmark.engine.training.validation import validation_pair
from benchmark.method import Inputs, NetworkMethod, Problem, Recipe
from tests.benchmark.engine.training.support import (
    SHORT,
    Gained,
    Given,
    gained,
    held_out,
    trained,
    weight_of,
)
from tests.benchmark.support import (
    CPU,
    EIGHT_BIT,
    Gain,
    Recorder,
    SamePatches,
    bank_of,
    network_method,
    problem,
    random,
    reordered,
)


@pytest.mark.parametrize(
    ("reference", "rate"), [("srcnn", 3e-3), ("proposed[subnetworks=1,alpha=1.0]", 1e-3)]
)
def test_the_loss_falls(tiny: Split, reference: str, rate: float) -> None:
    recipe = Recipe(lr=rate, batch_size=8, epochs=12, clip_norm=1.0)
    profile = Given("given", "", patches=24, bands=3, by=recipe)
    losses = [row["loss"] for row in trained(tiny, reference, profile).history]
    assert len(losses) == 12
    assert losses[-1] < 0.7 * losses[0]


def test_the_history_has_a_row_a_validation(tiny: Split) -> None:
    made = trained(tiny, "srcnn")  # 24 patches, 4 a step, 2 epochs
    assert [row["step"] for row in made.history] == [4, 8, 12]
    assert set(made.history[0]) == {"step", "loss", "psnr", "rate", "seconds"}
    assert made.steps == 12
    seconds = [row["seconds"] for row in made.history]
    assert 0 < seconds[0] < seconds[1] < seconds[2]
    assert all(math.isfinite(row["psnr"]) for row in made.history)


@pytest.mark.parametrize("validations", [1, 5, 7, 8, 12, 40])
def test_there_are_as_many_validations_as_asked_for(tiny: Split, validations: int) -> None:
    made = trained(tiny, "srcnn", replace(SHORT, validations=validations))
    assert len(made.history) == min(validations, 12)  # one a step at most
    assert made.history[-1]["step"] == 12


def test_the_loss_of_a_row_is_the_mean_since_the_row_before() -> None:
    class Counting(Gained):
        def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
            counted.append(1)
            return 0 * self.estimate(output).sum() + len(counted)

    counted: list[int] = []
    x = random(1, 2, 6, 6)
    recipe = Recipe(batch_size=1, epochs=70, schedule="constant")
    profile = Given("given", "", patches=1, by=recipe, validations=2)
    task = TrainingTask(Counting(), problem(2, 2), profile, 0, SamePatches(x, x, 1))
    rows = train(task, CPU).history
    assert [row["loss"] for row in rows] == [sum(range(1, 36)) / 35, sum(range(36, 71)) / 35]


@pytest.mark.parametrize(
    ("reference", "budget", "share"), [("srcnn", 0, 0.4), ("srcnn", 10**6, 1), ("vdsr", 10**6, 0.4),
                                       ("proposed[subnetworks=1]", 0, 1)]
)  # fmt: skip
def test_the_share_of_the_patches_that_is_seen(
    tiny: Split, reference: str, budget: int, share: float
) -> None:
    profile = Profile("short", "", 8, 16, epochs=2, batch=4, bands=2, multiplications=budget)
    made = trained(tiny, reference, profile)
    assert (made.share, made.batch, made.epochs, made.steps) == (share, 4, 2, 4)


def test_without_a_number_of_validations_there_is_one_each_epoch(tiny: Split) -> None:
    profile = replace(SHORT, validations=0)
    made = trained(tiny, "srcnn", profile)
    assert [row["step"] for row in made.history] == [6, 12]


def test_the_listener_receives_steps_and_validations(tiny: Split) -> None:
    method, task, listener = network_method("srcnn"), problem(2, 5), Recorder()
    pairs = held_out(tiny, method, task)
    made = train(TrainingTask(method, task, SHORT, 0, bank_of(tiny.train, 2), pairs), CPU, listener)
    assert listener.psnr == [row["psnr"] for row in made.history]
    assert [step for step, _, _ in listener.steps] == [4, 8, 12]
    assert all(steps == 12 for _, steps, _ in listener.steps)
    assert [loss for _, _, loss in listener.steps] == [row["loss"] for row in made.history]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_ends_training(bad: float) -> None:
    class Broken(Gained):
        def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
            return (self.estimate(output) * bad).sum()

    x = random(1, 2, 6, 6)
    bank = SamePatches(x, x, 10)
    with pytest.raises(TrainingError, match=f"the loss became {bad} before step"):
        train(TrainingTask(Broken(), problem(2, 2), SHORT, 0, bank), CPU)


def test_the_best_weights_by_validation_are_kept() -> None:
    """On its way from 0.5 to 2 the weight passes 1, where validation is best."""
    made = gained(Recipe(optimiser="sgd", lr=2.0, momentum=0.0, batch_size=1, epochs=30,
                         schedule="constant"), best=1.0)  # fmt: skip
    psnr = [row["psnr"] for row in made.history]
    at = psnr.index(max(psnr))
    assert 0 < at < len(psnr) - 1
    assert psnr[-1] < psnr[at] - 3
    x = (random(1, 2, 6, 6) / 4)[0]
    error = (x * made.state["weight"]).double() - x.double()  # the estimate in float32
    again = -10 * math.log10(float(error.square().mean()))
    assert again == pytest.approx(psnr[at], abs=10 / math.log(10) * reordered(72))
    assert abs(weight_of(made) - 1) < 0.1


def test_without_validation_scenes_the_last_weights_are_kept_with_a_warning() -> None:
    made = gained(Recipe(optimiser="sgd", lr=5.0, momentum=0.0, batch_size=1, epochs=60,
                         schedule="constant"))  # fmt: skip
    assert weight_of(made) == pytest.approx(2, abs=0.1)
    assert made.warnings == ["no validation scenes: the last weights were kept, not the best"]
    assert all(math.isnan(row["psnr"]) for row in made.history)


def test_a_dead_network_is_warned_about(tiny: Split) -> None:
    class Dead(NetworkMethod):
        def network(self, problem: Problem) -> nn.Module:
            return Gain(1.0)

        def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
            return 0 * self.estimate(output).sum()

    task = problem(2, 5)
    pairs = held_out(tiny, Dead(), task)
    made = train(TrainingTask(Dead(), task, SHORT, 0, bank_of(tiny.train, 2), pairs), CPU)
    before = sum(pair.interpolated for pair in pairs) / len(pairs)
    assert len(made.warnings) == 1
    assert made.warnings[0].startswith("the network did not learn:")
    assert made.warnings[0].endswith(f"the interpolated image has {before:.2f} dB")


def test_a_network_that_loses_what_it_had_learned_is_warned_about() -> None:
    """On its way from 0.5 past 1, where validation is best, to 2."""
    recipe = Recipe(optimiser="sgd", lr=5.0, momentum=0.0, batch_size=1, epochs=60,
                    schedule="constant")  # fmt: skip
    (warning,) = gained(recipe, best=1.0).warnings
    assert warning.startswith("the training collapsed: ")
    assert warning.endswith("whose weights were kept")


def test_a_network_that_learns_is_not_warned_about() -> None:
    recipe = Recipe(optimiser="sgd", lr=2.0, batch_size=1, epochs=30, schedule="constant")
    assert gained(recipe, best=2.0).warnings == []


def test_interpolation_is_scored_on_what_the_network_is_validated_on(tiny: Split) -> None:
    degradation = EIGHT_BIT.degradation(3)
    method, task = network_method("espcn"), Problem(3, 5, (48, 40), degradation)
    truth = next(iter(tiny.validation))
    for size, rows, columns in ((0, slice(0, 48), slice(0, 40)),
                                (20, slice(12, 32), slice(9, 29))):  # fmt: skip
        pair = validation_pair(truth, method, task, size)
        stored = degradation.store(truth)
        low = degradation.low(stored)
        up = degradation.upscale(low, (48, 40))
        assert torch.equal(pair.truth, stored[:, rows, columns])
        few = -(-(columns.stop - columns.start) // 3)
        seen = pair.inputs["low"]
        assert seen.shape[2] == few
        first = low[:, rows.start // 3 :, columns.start // 3 :]
        assert torch.equal(seen, first[:, : seen.shape[1], :few])
        error = (up - stored)[:, rows, columns].double().square().mean()
        assert pair.interpolated == pytest.approx(-10 * math.log10(error), abs=1e-4)
