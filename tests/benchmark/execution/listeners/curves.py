"""What tests of curves for TensorBoard share."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from torch import Tensor, nn

from benchmark.data.split import Split
from benchmark.engine.training.profiles import Profile
from benchmark.execution.computation.job import Job, JobResult, Settings, run_job
from benchmark.execution.listeners.tensorboard import LOSS, LR, PSNR
from benchmark.execution.planning.plan import CellPlan, plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.method import METHODS, Inputs, Method, NetworkMethod, Problem, Recipe
from benchmark.store.cells import read as read_cell
from tests.benchmark.support import CPU, EIGHT_BIT, Gain, Recorder

# Twelve steps, a validation after every second one.
BRIEF = Profile("brief", "", patches=24, patch=24, epochs=2, batch=4, bands=2, validations=6)
OWN = replace(BRIEF, name="own", epochs=0)


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip without the package; number its files from 0, as in a process of its own.

    Files of one second are in the order of their numbers' digits: "10" would come before "9".
    """
    name = "tensorboard.summary.writer.event_file_writer"
    module = pytest.importorskip(name, reason="needs tensorboard")
    monkeypatch.setattr(module, "_global_uid", module.AtomicCounter(0))


@dataclass
class Read:
    """A folder of event files as TensorBoard shows it: what a restart discards is gone."""

    curves: dict[str, list[tuple[int, float]]]
    files: list[str]

    def steps(self, tag: str) -> list[int]:
        """Return the steps of a curve."""
        return [step for step, _ in self.curves.get(tag, [])]


def events(folder: Path) -> Read:
    """Read all event files of a folder by TensorBoard's own reader."""
    if not folder.exists():
        return Read({}, [])
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    read = reader.EventAccumulator(str(folder), size_guidance={reader.SCALARS: 0}).Reload()
    curves = {tag: [(e.step, e.value) for e in read.Scalars(tag)] for tag in read.Tags()["scalars"]}
    return Read(curves, sorted(file.name for file in folder.glob("*")))


class Network(NetworkMethod):
    """Train one weight; fail after so many steps if asked."""

    begun = 0
    last: int | None = None

    def network(self, problem: Problem) -> nn.Module:
        """Build it."""
        return Gain(0.9)

    def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Fail from some step on."""
        Network.begun += 1
        if Network.last is not None and Network.begun > Network.last:
            raise OSError("the network drive is gone")
        return super().loss(output, truth, inputs, problem)


@pytest.fixture
def known(registries: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., NetworkMethod]:
    """Return a function that registers a method with a recipe of its own."""

    def make(**recipe: Any) -> NetworkMethod:
        # So large a rate overshoots, and a plateau's falls.
        own = Recipe(lr=0.1, batch_size=4, epochs=2, **recipe)
        body = {"__module__": __name__, "recipe": own, "__annotations__": {"recipe": ClassVar}}
        made = METHODS.register("network")(type("Own", (Network,), body))()
        assert isinstance(made, NetworkMethod)
        return made

    monkeypatch.setattr(Network, "begun", 0)
    monkeypatch.setattr(Network, "last", None)
    return make


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings that write curves, and no checkpoint before the end."""
    return Settings(tmp_path / "results", CPU, {"torch": "2"}, (), 1e9, tensorboard=True)


def planned(split: Split, method: Method | str, profile: Profile = BRIEF) -> CellPlan:
    """Plan one cell."""
    made = METHODS.make(method) if isinstance(method, str) else method
    (task,) = plan_cells(split, Experiment(EIGHT_BIT, profile, (2,), (made,)))
    return task


def carried(
    task: CellPlan, settings: Settings, stop: Callable[[], bool] = lambda: False
) -> tuple[JobResult, list[str], Recorder]:
    """Run a job; return its messages as well, and a listener beside the curves."""
    messages, listener = list[str](), Recorder()
    ending = run_job(Job(task, settings), listener, stop, messages.append)
    return ending, messages, listener


def curves(task: CellPlan, settings: Settings) -> Read:
    """Read the curves of a cell."""
    return events(task.address.folder(settings.results / "tensorboard"))


def rows(task: CellPlan, settings: Settings) -> list[dict[str, float]]:
    """Read the table of a stored cell's training."""
    cell = read_cell(task.address.folder(settings.results))
    assert cell is not None
    text = (cell.folder / "training.csv").read_text(encoding="utf-8")
    found = csv.DictReader(io.StringIO(text))
    return [{name: float(value) for name, value in row.items()} for row in found]


def agree(found: Read, table: list[dict[str, float]]) -> None:
    """Compare curves with the stored table; events have four bytes a value."""
    for tag, column in ((LOSS, "loss"), (LR, "rate"), (PSNR, "psnr")):
        assert found.steps(tag) == [row["step"] for row in table]
        values = [value for _, value in found.curves[tag]]
        assert values == pytest.approx([row[column] for row in table], rel=1e-6)
