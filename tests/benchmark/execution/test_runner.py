"""Cells run, stored, found again; a failing one costs its own row only."""

import math
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from benchmark.data.cache import PreparedScenes
from benchmark.data.split import Split
from benchmark.dataset import Scene
from benchmark.engine.inference.estimation import crop_to, method_inputs
from benchmark.engine.machine import environment
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError
from benchmark.execution.backends.inline import InlineBackend
from benchmark.execution.computation.job import Settings
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.plan import CellPlan, plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.execution.runner import Outcome, Runner
from benchmark.method import METHODS, Inputs, Method, NetworkMethod, Problem, State
from benchmark.store.cells import Cell, cells, read
from tests.benchmark.support import CPU, EIGHT_BIT, Gain, problem, random, scores_of

BRIEF = Profile("brief", "", patches=8, patch=24, epochs=1, batch=4, bands=2, validations=1)


def planned(split: Split, *methods: str, scales: Sequence[int] = (2,)) -> list[CellPlan]:
    """Plan cells of methods by their references."""
    made = [METHODS.make(reference) for reference in methods]
    return plan_cells(split, Experiment(EIGHT_BIT, BRIEF, tuple(scales), tuple(made)))


def runner(results: Path, stream: StringIO, *, retry_failed: bool = False) -> Runner:
    """Make a runner that stays in this process, where the tests' methods are registered."""
    settings = Settings(results, CPU, environment.describe(CPU))
    return Runner(settings, Progress(stream), InlineBackend(), retry_failed=retry_failed)


def run(results: Path, made: Sequence[CellPlan], *, retry_failed: bool = False) -> Outcome:
    """Run tasks in silence."""
    return runner(results, StringIO(), retry_failed=retry_failed).run(made)


def cell_of(results: Path, task: CellPlan) -> Cell:
    """Read the cell of a task, which must be there."""
    cell = read(task.address.folder(results))
    assert cell is not None
    return cell


class Raises(Method):
    """Fails while estimating."""

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        raise ZeroDivisionError("one over nothing\nand a second line")


class RaisesWhileFitting(Method):
    """Fails while fitting."""

    def fit(self, scenes: Iterable[Tensor], problem: Problem) -> State:
        raise MemoryError("too much")


class WrongShape(Method):
    """Gives one row too few."""

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        return low[:, 1:]


class WrongBands(Method):
    """Gives one band."""

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        return low[:1]


class NotANumber(Method):
    """Gives NaN in one place."""

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        estimate = low.clone()
        estimate[0, 0, 0] = math.nan
        return estimate


class NotANumberInTraining(NetworkMethod):
    """Has a loss of NaN."""

    def network(self, problem: Problem) -> nn.Module:
        return Gain(1.0)

    def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        return self.estimate(output).sum() * math.nan


class TooSmallNetwork(NetworkMethod):
    """Gives the decimated size back."""

    inputs = ("low",)

    def network(self, problem: Problem) -> nn.Module:
        return Gain(1.0)


BROKEN = {
    "raises": (Raises, "ZeroDivisionError: one over nothing"),
    "raises-fitting": (RaisesWhileFitting, "MemoryError: too much"),
    "wrong-shape": (
        WrongShape,
        "ValueError: the estimate has shape (5, 47, 40), expected (5, 48, 40)",
    ),
    "wrong-bands": (
        WrongBands,
        "ValueError: the estimate has shape (1, 48, 40), expected (5, 48, 40)",
    ),
    "nan": (NotANumber, "ValueError: the estimate contains NaN or infinity"),
    "nan-loss": (NotANumberInTraining, "TrainingError: the loss became nan before step 2"),
}


@pytest.fixture
def broken(registries: None) -> None:
    """Register methods that fail, each in its own way."""
    for name, (cls, _) in {**BROKEN, "too-small": (TooSmallNetwork, "")}.items():
        # A class becomes a dataclass once only: register a fresh one each time.
        METHODS.register(name)(type(cls.__name__, (cls,), {}))


def test_a_cell_holds_the_scores_of_every_test_scene(tiny: Split, tmp_path: Path) -> None:
    (task,) = planned(tiny, "bicubic", scales=[3])
    assert run(tmp_path, [task]).done == [str(task.address)]
    cell = cell_of(tmp_path, task)
    table = cell.scores()
    assert table["scene"].tolist() == tiny.test.names
    assert set(table.columns) == {"scene", *EIGHT_BIT.metrics, "skipped"}
    degradation = problem(3, 5).degradation
    for row, truth in zip(table.to_dict("records"), tiny.test, strict=True):
        low = degradation.low(degradation.store(truth))
        expected = scores_of(degradation.upscale(low, (48, 40)), truth, 3)
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, rel=1e-12), name


def test_a_cell_holds_what_it_depended_on(tiny: Split, tmp_path: Path) -> None:
    (task,) = planned(tiny, "bicubic")
    run(tmp_path, [task])
    facts = cell_of(tmp_path, task).facts
    assert facts["status"] == "done"
    assert facts["reason"] is None
    assert facts["key"] == task.key
    assert facts["configuration"]["dataset"]["test"] == tiny.test.names
    assert facts["environment"]["precision"] == "float32"
    assert facts["environment"]["torch"] == torch.__version__
    assert facts["parameters"] == 0
    assert facts["warnings"] == []
    assert 0 <= facts["times"]["fit_s"] < 60
    assert 0 <= facts["times"]["upscale_s"] < 60
    assert facts["memory"]["peak_bytes"] > 2**20
    assert facts["date"].endswith("+00:00")


@pytest.mark.parametrize("reference", ["srcnn", "espcn"])
def test_a_trained_cell_holds_weights_and_history(
    tiny: Split, tmp_path: Path, reference: str
) -> None:
    (task,) = planned(tiny, reference, scales=[3])
    assert run(tmp_path, [task]).failed == {}
    cell = cell_of(tmp_path, task)
    assert cell.facts["parameters"] == {"srcnn": 8129, "espcn": 22729}[reference]
    weights = load_file(task.address.folder(tmp_path) / "weights.safetensors")
    assert sum(tensor.numel() for tensor in weights.values()) == cell.facts["parameters"]
    training = cell.training()
    assert training is not None
    assert list(training.columns) == ["step", "loss", "psnr", "rate", "seconds"]
    assert training["step"].tolist() == [2]
    assert math.isfinite(training["psnr"][0])


def test_the_scores_are_those_of_the_stored_weights(tiny: Split, tmp_path: Path) -> None:
    (task,) = planned(tiny, "srcnn")
    run(tmp_path, [task])
    network = METHODS.make("srcnn").network(problem(2, 1))  # type: ignore[attr-defined]
    weights = load_file(task.address.folder(tmp_path) / "weights.safetensors")
    network.load_state_dict(weights)
    degradation = problem(2, 5).degradation
    truth = next(iter(tiny.test))
    stored = degradation.store(truth)
    (low,) = method_inputs(METHODS.make("srcnn"), degradation, stored).values()
    with torch.inference_mode():
        estimate = network(low[:, None])[:, 0]
    row = cell_of(tmp_path, task).scores().iloc[0]
    assert row["psnr"] == pytest.approx(scores_of(estimate, truth, 2)["psnr"], abs=1e-3)


def test_two_runs_of_one_cell_have_the_same_scores(tiny: Split, tmp_path: Path) -> None:
    (task,) = planned(tiny, "espcn")
    run(tmp_path / "a", [task])
    torch.manual_seed(4)
    run(tmp_path / "b", [task])
    for name in ("scores.csv", "weights.safetensors"):
        first, second = (task.address.folder(tmp_path / part) / name for part in "ab")
        assert first.read_bytes() == second.read_bytes()


def test_the_scores_of_a_cell_do_not_depend_on_the_cells_before(
    tiny: Split, tmp_path: Path
) -> None:
    made = planned(tiny, "srcnn", "espcn", scales=[2, 3])
    run(tmp_path / "together", made)
    for task in made[1:]:
        run(tmp_path / "alone", [task])
        first, second = (
            task.address.folder(tmp_path / part) / "scores.csv" for part in ("together", "alone")
        )
        assert first.read_bytes() == second.read_bytes()


def test_what_is_done_is_found_and_not_run_again(tiny: Split, tmp_path: Path) -> None:
    made = planned(tiny, "bicubic", "wiener", scales=[2, 3])
    first = run(tmp_path, made[:2])
    assert len(first.done) == 2
    dates = [cell.facts for cell in cells(tmp_path)]
    second = run(tmp_path, made)
    assert second.found == [str(task.address) for task in made[:2]]
    assert second.done == [str(task.address) for task in made[2:]]
    assert [cell.facts for cell in cells(tmp_path) if cell.address.scale == 2] == dates
    assert not (tmp_path / ".superseded").exists()


def test_a_damaged_cell_is_run_again(tiny: Split, tmp_path: Path) -> None:
    (task,) = planned(tiny, "bicubic")
    run(tmp_path, [task])
    (task.address.folder(tmp_path) / "scores.csv").write_text("scene,psnr\n")
    assert run(tmp_path, [task]).done == [str(task.address)]
    assert len(cell_of(tmp_path, task).scores()) == 4


@pytest.mark.usefixtures("broken")
def test_a_failing_method_costs_only_its_row(tiny: Split, tmp_path: Path) -> None:
    made = planned(tiny, *BROKEN, "bicubic")
    outcome = run(tmp_path, made)
    assert outcome.done == [str(made[-1].address)]
    assert outcome.failed == {str(task.address): BROKEN[task.method.name][1] for task in made[:-1]}
    for task in made[:-1]:
        cell = cell_of(tmp_path, task)
        assert cell.status == "failed"
        assert cell.facts["reason"] == BROKEN[task.method.name][1]
        text = (task.address.folder(tmp_path) / "traceback.txt").read_text()
        assert text.startswith("Traceback")
        assert not (task.address.folder(tmp_path) / "scores.csv").exists()


@pytest.mark.usefixtures("broken")
def test_a_network_of_the_wrong_size_costs_only_its_row(tiny: Split, tmp_path: Path) -> None:
    made = planned(tiny, "too-small", "bicubic")
    outcome = run(tmp_path, made)
    assert list(outcome.failed) == [str(made[0].address)]
    assert outcome.done == [str(made[1].address)]


@pytest.mark.usefixtures("broken")
def test_a_failed_cell_is_found_failed_and_run_again_when_asked(
    tiny: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (task,) = planned(tiny, "raises")
    first = run(tmp_path, [task])
    folder = task.address.folder(tmp_path)
    before = (folder / "cell.json").read_bytes()
    assert run(tmp_path, [task]).failed == first.failed
    assert (folder / "cell.json").read_bytes() == before
    again = run(tmp_path, [task], retry_failed=True)
    assert again.failed == first.failed
    monkeypatch.setattr(Raises, "upscale", type(METHODS.make("bicubic")).upscale)
    assert run(tmp_path, [task], retry_failed=True).done == [str(task.address)]
    assert run(tmp_path, [task], retry_failed=True).found == [str(task.address)]
    aside = tmp_path / ".superseded" / folder.relative_to(tmp_path)
    assert sorted(path.name for path in aside.parent.iterdir()) == ["seed0.0", "seed0.1"]


def test_data_that_cannot_be_read_end_the_run(
    tiny: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(prepared: PreparedScenes, name: str) -> Scene:
        raise RequestError("the file is gone")

    monkeypatch.setattr(PreparedScenes, "read", gone)
    with pytest.raises(RequestError, match="the file is gone"):
        run(tmp_path, planned(tiny, "bicubic"))
    assert list(cells(tmp_path)) == []


def test_a_request_error_of_a_method_is_its_own_failure(tiny: Split, tmp_path: Path) -> None:
    class Refuses(Method):
        def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
            raise RequestError("not with me")

    (task,) = planned(tiny, "bicubic")
    object.__setattr__(task, "method", Refuses())
    assert list(run(tmp_path, [task]).failed.values()) == ["RequestError: not with me"]


def test_every_cell_is_announced_to_the_user(tiny: Split, tmp_path: Path) -> None:
    stream = StringIO()
    made = planned(tiny, "bicubic", "wiener")
    run(tmp_path, made[:1])
    runner(tmp_path, stream).run(made)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "1 cell to run, 1 found done"
    assert lines[1].startswith(f"[1/1] wiener x2 seed 0 on {tiny.label}: done in ")


def test_what_a_method_sees_is_what_it_says(tiny: Split) -> None:
    truth = next(iter(tiny.test))
    degradation = problem(3, 5).degradation
    low = degradation.low(truth)
    shrunk = method_inputs(METHODS.make("espcn"), degradation, truth)
    up = method_inputs(METHODS.make("bicubic"), degradation, truth)
    assert (list(shrunk), list(up)) == (["low"], ["upscaled"])
    assert torch.equal(shrunk["low"], low)
    assert torch.equal(up["upscaled"], degradation.upscale(low, (48, 40)))


def test_an_estimate_larger_than_the_truth_loses_its_last_samples() -> None:
    estimate, truth = random(3, 9, 12), random(3, 8, 10)
    assert torch.equal(crop_to(estimate, truth), estimate[:, :8, :10])
    for shape in ((3, 7, 12), (3, 9, 9), (2, 9, 12), (4, 9, 12)):
        with pytest.raises(ValueError, match=r"expected \(3, 8, 10\)"):
            crop_to(random(*shape), truth)
    with pytest.raises(ValueError, match=r"expected \(3, 8, 10\)"):
        crop_to(random(1, 3, 8, 10), truth)
