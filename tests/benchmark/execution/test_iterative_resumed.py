"""Cells of methods with a loop of their own that were interrupted go on where they were."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.data.split import Split
from benchmark.engine.training import iterative
from benchmark.engine.training.checkpoint import Stopped
from benchmark.execution.computation import evaluation
from benchmark.method import Inputs, IterativeMethod, Problem, Run, State
from tests.benchmark.execution.test_iterative import (
    LEARNING,
    STEPS,
    Counted,
    Walk,
    computed,
    plan_of,
)
from tests.benchmark.support import Recorder

pytestmark = pytest.mark.usefixtures("registries")


@pytest.mark.parametrize(
    ("stop", "again"),
    [
        (7, ["learn", *["scene"] * 4]),  # in learning
        (LEARNING, ["learn", *["scene"] * 4]),  # at its last iteration
        (LEARNING + STEPS + 4, ["scene"] * 3),  # in the second of four scenes
        (LEARNING + 2 * STEPS, ["scene"] * 3),  # at its last iteration
        (LEARNING + 3 * STEPS + 1, ["scene"]),  # in the last scene
    ],
)
def test_a_stopped_cell_goes_on_bit_for_bit(
    tiny: Split, tmp_path: Path, stop: int, again: list[str]
) -> None:
    _, whole = computed(plan_of(tiny)[0])
    file = tmp_path / "walk.checkpoint"
    with pytest.raises(Stopped):
        computed(plan_of(tiny)[0], Counted(file, stop))
    plan, calls = plan_of(tiny)
    torch.manual_seed(11)
    resumed, listener = Counted(file), Recorder()
    facts, files = computed(plan, resumed, listener)
    assert files == whole
    assert calls == again
    assert listener.scenes == tiny.test.names[-again.count("scene") :]
    # No iteration before the stop was computed again.
    assert resumed.asked == LEARNING + 4 * STEPS - stop
    assert facts["resumed"] == 1
    assert resumed.told == []


def test_a_cell_that_died_without_notice_goes_on_from_its_last_save(
    tiny: Split, tmp_path: Path
) -> None:
    """Every iteration is due; the process dies in the third scene, before it saves."""
    _, whole = computed(plan_of(tiny)[0])

    class Dying(Counted):
        def due(self) -> bool:
            if self.asked == LEARNING + 2 * STEPS + 3:
                raise KeyboardInterrupt
            return True

    file = tmp_path / "walk.checkpoint"
    with pytest.raises(KeyboardInterrupt):
        computed(plan_of(tiny)[0], Dying(file))
    plan, calls = plan_of(tiny)
    resumed = Counted(file)
    assert computed(plan, resumed)[1] == whole
    assert calls == ["scene"] * 2
    assert resumed.asked == 2 * STEPS - 2


def test_a_stop_twice_in_one_scene_goes_on_each_time(tiny: Split, tmp_path: Path) -> None:
    _, whole = computed(plan_of(tiny)[0])
    file = tmp_path / "walk.checkpoint"
    for stop in (LEARNING + STEPS + 2, 2):
        with pytest.raises(Stopped):
            computed(plan_of(tiny)[0], Counted(file, stop))
    plan, calls = plan_of(tiny)
    assert computed(plan, Counted(file))[1] == whole
    assert calls == ["scene"] * 3


def test_seconds_and_resumptions_count_what_was_before_each_stop(
    tiny: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second passes at every iteration."""
    ticks: list[int] = []

    class Ticking(Counted):
        @property
        def stopping(self) -> bool:
            ticks.append(1)
            return super().stopping

    clock = SimpleNamespace(perf_counter=lambda: float(len(ticks)))
    for module in (evaluation, iterative):
        monkeypatch.setattr(module, "time", clock)
    file = tmp_path / "walk.checkpoint"
    for stop in (7, LEARNING - 7 + STEPS + 2, 2):  # in learning, then twice in the second scene
        with pytest.raises(Stopped):
            computed(plan_of(tiny)[0], Ticking(file, stop))
    facts, _ = computed(plan_of(tiny)[0], Ticking(file))
    assert facts["times"] == {"fit_s": LEARNING, "upscale_s": STEPS}
    assert facts["resumed"] == 3


def test_a_method_that_learns_nothing_goes_on_in_its_scene(tiny: Split, tmp_path: Path) -> None:
    """What it learned, nothing, is kept too: learning is not called again."""

    def nothing(self: Walk, scenes: object, problem: Problem, run: Run) -> State:
        self.calls.append("learn")
        run.resume()
        return {}

    def reconstruct(self: Walk, inputs: Inputs, problem: Problem, state: State, run: Run) -> Tensor:
        return Walk.reconstruct(self, inputs, problem, {"level": torch.zeros(())}, run)

    members: dict[str, Any] = {"learn": nothing, "reconstruct": reconstruct}
    _, whole = computed(plan_of(tiny, **members)[0])
    assert set(whole) == {"scores.csv"}
    file = tmp_path / "walk.checkpoint"
    with pytest.raises(Stopped):
        computed(plan_of(tiny, **members)[0], Counted(file, STEPS + 2))
    plan, calls = plan_of(tiny, **members)
    resumed = Counted(file)
    assert computed(plan, resumed)[1] == whole
    assert calls == ["scene"] * 3
    assert resumed.asked == 3 * STEPS - 2


def test_a_method_that_is_not_trained_goes_on_in_its_scene(tiny: Split, tmp_path: Path) -> None:
    def reconstruct(self: Walk, inputs: Inputs, problem: Problem, state: State, run: Run) -> Tensor:
        assert state == {}
        return Walk.reconstruct(self, inputs, problem, {"level": torch.zeros(())}, run)

    members: dict[str, Any] = {"learn": IterativeMethod.learn, "reconstruct": reconstruct}
    plan, _ = plan_of(tiny, **members)
    assert not plan.method.trained
    _, whole = computed(plan)
    file = tmp_path / "walk.checkpoint"
    with pytest.raises(Stopped):
        computed(plan_of(tiny, **members)[0], Counted(file, STEPS + 2))
    plan, calls = plan_of(tiny, **members)
    assert computed(plan, Counted(file))[1] == whole
    assert calls == ["scene"] * 3


def test_the_notes_on_clipping_count_the_scenes_before_the_stop(
    tiny: Split, tmp_path: Path
) -> None:
    def bright(self: Walk, inputs: Inputs, problem: Problem, state: State, run: Run) -> Tensor:
        return 9 * Walk.reconstruct(self, inputs, problem, state, run)

    facts, _ = computed(plan_of(tiny, reconstruct=bright)[0])
    (note,) = facts["warnings"]
    assert note.endswith("in 4 of 4 scenes")
    file = tmp_path / "walk.checkpoint"
    with pytest.raises(Stopped):
        computed(plan_of(tiny, reconstruct=bright)[0], Counted(file, LEARNING + STEPS + 2))
    again, _ = computed(plan_of(tiny, reconstruct=bright)[0], Counted(file))
    assert again["warnings"] == facts["warnings"]


def test_a_scene_begun_on_a_gpu_starts_anew_on_the_cpu(tiny: Split, tmp_path: Path) -> None:
    """The state of a GPU's generator is none for the CPU's; finished scenes are kept."""
    _, whole = computed(plan_of(tiny)[0])
    file = tmp_path / "walk.checkpoint"
    with pytest.raises(Stopped):
        computed(plan_of(tiny)[0], Counted(file, LEARNING + STEPS + 4))
    saved = Counted(file).load()
    assert saved
    saved["generator"] = saved["randomness"]["cuda"] = torch.zeros(16, dtype=torch.uint8)
    Counted(file).save(saved)
    plan, calls = plan_of(tiny)
    resumed = Counted(file)
    _, files = computed(plan, resumed)
    assert files == whole
    assert calls == ["scene"] * 3
    assert resumed.asked == 3 * STEPS


@pytest.mark.parametrize("other", [{"network": {}, "loop": {"steps": 3}}, {"stage": "fit"}])
def test_a_checkpoint_of_another_kind_is_rejected(
    tiny: Split, tmp_path: Path, other: dict[str, Any]
) -> None:
    _, whole = computed(plan_of(tiny)[0])
    checkpointer = Counted(tmp_path / "walk.checkpoint")
    checkpointer.save(other)
    plan, calls = plan_of(tiny)
    facts, files = computed(plan, checkpointer)
    assert files == whole
    assert calls[0] == "learn"
    assert facts["resumed"] == 0
    (line,) = checkpointer.told
    assert line.endswith("cannot be used (ValueError: it belongs to another version); the training "
                         "starts over")  # fmt: skip
