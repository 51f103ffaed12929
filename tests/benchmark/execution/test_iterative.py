"""Methods with a loop of their own: seeds, progress, and going on after an interruption."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.data.split import Split
from benchmark.engine.training import iterative
from benchmark.engine.training.checkpoint import Checkpointer, NullCheckpointer, Stopped
from benchmark.engine.training.loop import TrainingError
from benchmark.execution.computation import evaluation
from benchmark.execution.computation.evaluation import compute
from benchmark.execution.planning.plan import CellPlan, plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.method import METHODS, Inputs, IterativeMethod, Problem, Run, State, register
from tests.benchmark.execution.computation.support import BRIEF
from tests.benchmark.support import CPU, EIGHT_BIT, Recorder, problem, random

pytestmark = pytest.mark.usefixtures("registries")

LEARNING, STEPS = 30, 6  # iterations of learning, and of each scene


class Walk(IterativeMethod):
    """A random walk towards the upscaled image, with numbers from every generator."""

    inputs = ("low", "upscaled")
    calls: list[str]

    def learn(self, scenes: Iterable[Tensor], problem: Problem, run: Run) -> State:
        """Learn a level, with noise."""
        self.calls.append("learn")
        mean = torch.stack([scene.mean() for scene in scenes]).mean()
        begin: dict[str, Any] = {"step": 0, "level": torch.zeros(())}
        saved = run.resume() or begin
        level = saved["level"]
        for step in range(saved["step"], LEARNING):
            level = level + 0.1 * (mean - level) + 0.01 * torch.randn((), generator=run.generator)
            run.step(step + 1, LEARNING, (level - mean).square(), _state(step, level=level))
        return {"level": level}

    def reconstruct(self, inputs: Inputs, problem: Problem, state: State, run: Run) -> Tensor:
        """Walk from the level to the image."""
        self.calls.append("scene")
        image = inputs["upscaled"]
        start = state["level"] + 0.1 * torch.randn(image.shape, generator=run.generator)
        saved = run.resume() or {"step": 0, "z": start}
        z: Tensor = saved["z"]
        for step in range(saved["step"], STEPS):
            noise = torch.randn(z.shape, generator=run.generator) + torch.rand(())
            z = z + 0.5 * (image - z) + 0.01 * noise
            loss = (image - z).square().mean()
            run.step(step + 1, STEPS, loss, _state(step, z=z))
        return z


def _state(step: int, **values: Tensor) -> Callable[[], dict[str, Any]]:
    return lambda: {"step": step + 1, **values}


def plan_of(split: Split, *, seed: int = 0, **members: Any) -> tuple[CellPlan, list[str]]:
    """Register the walk and plan its cell; return the list of its calls as well."""
    calls: list[str] = []
    METHODS._entries.pop("walk", None)
    cls = type("Walk", (Walk,), {"__module__": __name__, "calls": calls, **members})
    register("walk", title="Walk")(cls)
    experiment = Experiment(EIGHT_BIT, BRIEF, (2,), (METHODS.make("walk"),), (seed,))
    (plan,) = plan_cells(split, experiment)
    return plan, calls


def computed(
    plan: CellPlan, checkpointer: NullCheckpointer | None = None, listener: Recorder | None = None
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Compute the cell in this process."""
    return compute(plan, CPU, listener or Recorder(), checkpointer or NullCheckpointer())


class Counted(Checkpointer):
    """Stops at the given iteration of the run; complains to a list."""

    def __init__(self, file: Path, stop: int = 0, every: float = 1e9) -> None:
        self.told: list[str] = []
        self.asked, self.stop = 0, stop
        super().__init__(file, every, lambda: False, self.told.append)

    @property
    def stopping(self) -> bool:
        """True at that iteration."""
        self.asked += 1
        return self.asked == self.stop


def test_the_images_are_those_that_the_method_declares_and_both_are_learned_from(
    tiny: Split,
) -> None:
    plan, calls = plan_of(tiny)
    facts, files = computed(plan)
    assert calls == ["learn", *["scene"] * 4]
    assert set(files) == {"scores.csv", "weights.safetensors"}
    assert facts["parameters"] == 1
    assert facts["resumed"] == 0
    assert facts["training"] is None


def test_a_cell_follows_from_its_seed(tiny: Split) -> None:
    runs = []
    for seed, disturbed in ((0, 3), (0, 4), (1, 3)):
        torch.manual_seed(disturbed)
        before = torch.get_rng_state()
        runs.append(computed(plan_of(tiny, seed=seed)[0])[1])
        assert torch.equal(torch.get_rng_state(), before)
    assert runs[0] == runs[1]
    assert runs[0]["scores.csv"] != runs[2]["scores.csv"]
    assert runs[0]["weights.safetensors"] != runs[2]["weights.safetensors"]


def test_every_seed_has_a_cell(tiny: Split) -> None:
    plan, _ = plan_of(tiny)
    experiment = Experiment(EIGHT_BIT, BRIEF, (2, 3), (plan.method,), (0, 5))
    cells = plan_cells(tiny, experiment)
    assert [(cell.address.scale, cell.address.seed) for cell in cells] == [
        (2, 0),
        (2, 5),
        (3, 0),
        (3, 5),
    ]
    assert len({cell.key for cell in cells}) == 4


def test_progress_is_reported_in_learning_and_on_each_scene(tiny: Split) -> None:
    plan, _ = plan_of(tiny)
    listener = Recorder()
    computed(plan, listener=listener)
    assert [step[:2] for step in listener.steps] == [(25, 30), (30, 30), *[(6, 6)] * 4]
    assert all(0 < loss < 1 for _, _, loss in listener.steps)
    assert listener.scenes == tiny.test.names


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


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("tensor", [True, False])
def test_a_loss_that_is_not_finite_ends_the_cell(tiny: Split, bad: float, tensor: bool) -> None:
    def diverge(self: Walk, inputs: Inputs, problem: Problem, state: State, run: Run) -> Tensor:
        for step in range(40):
            run.step(step + 1, 40, torch.tensor(bad) if tensor else bad, dict)
        return inputs["upscaled"]

    with pytest.raises(TrainingError, match=f"the loss became {bad} before step 25"):
        computed(plan_of(tiny, reconstruct=diverge)[0])


def test_the_state_of_a_scene_may_be_nested(tiny: Split, tmp_path: Path) -> None:
    found: list[dict[str, Any]] = []

    def nested(self: Walk, inputs: Inputs, problem: Problem, state: State, run: Run) -> Tensor:
        saved = run.resume()
        if saved is not None:
            found.append(saved)
        kept = {"step": 1, "moments": [{"m": inputs["low"]}, "text"], "none": None}
        run.step(1, 2, 0.5, lambda: kept)
        return inputs["upscaled"]

    file = tmp_path / "walk.checkpoint"
    with pytest.raises(Stopped):
        computed(plan_of(tiny, reconstruct=nested)[0], Counted(file, LEARNING + 1))
    computed(plan_of(tiny, reconstruct=nested)[0], Counted(file))
    (saved,) = found
    assert saved["moments"][0]["m"].shape == (5, 24, 20)
    assert (saved["moments"][1], saved["none"]) == ("text", None)


def test_gradients_may_be_recorded_in_an_estimate(tiny: Split) -> None:
    def descend(self: Walk, inputs: Inputs, problem: Problem, state: State, run: Run) -> Tensor:
        z = inputs["upscaled"].clone().requires_grad_()
        error = (problem.degradation.low(z.detach()) - inputs["low"]).square().mean()
        (z.square().mean() + error).backward()  # type: ignore[no-untyped-call]
        assert z.grad is not None
        return z

    plan, _ = plan_of(tiny, reconstruct=descend)
    assert computed(plan)[1]["scores.csv"]


def test_an_estimate_that_is_no_tensor_is_named(tiny: Split) -> None:
    plan, _ = plan_of(tiny, reconstruct=lambda *_: None)
    with pytest.raises(TypeError, match="reconstruct returned None, expected a tensor of shape"):
        computed(plan)


def test_the_plain_run_reports_and_saves_nothing() -> None:
    run = Run(CPU.torch, problem(2, 3).generator())
    run.step(1, 1, math.nan, lambda: pytest.fail("nothing is saved"))
    assert run.resume() is None
    with run.autocast():
        assert (random(2, 2) @ random(2, 2)).dtype == torch.float32
