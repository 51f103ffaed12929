"""Methods with a loop of their own: what they are given, seeds, progress, and their state."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.data.split import Split
from benchmark.engine.training.checkpoint import Checkpointer, NullCheckpointer, Stopped
from benchmark.engine.training.loop import TrainingError
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
        super().__init__(file, every, lambda: False, self.told.append, "CPU")

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
