"""Profiles, methods and plans that the tests of computing a cell share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.data.split import DataRequest, Split, load_split
from benchmark.engine.training.profiles import Profile
from benchmark.execution.computation.job import Job, JobResult, Settings, run_job
from benchmark.execution.planning.plan import CellPlan, plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.execution.registries import REGISTRIES
from benchmark.method import METHODS, Inputs, Method, NetworkMethod, Problem, State
from benchmark.plugins.discovery import discover
from benchmark.protocol import Protocol
from benchmark.store.cells import Cell
from benchmark.store.cells import read as read_cell
from benchmark.store.lock import CellLock
from tests.benchmark.support import EIGHT_BIT, Gain, Recorder

discover(REGISTRIES)

# Registered nowhere; twelve steps, and a checkpoint may come after each.
BRIEF = Profile("brief", "", patches=24, patch=24, epochs=2, batch=4, bands=2, validations=1)
SMALL = "synthetic[rows=48,columns=40,bands=5]"
SCENES = ("leaves01", "leaves04", "leaves06")


class Raising(Method):
    """Raises what it is told to."""

    error: BaseException

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Raise it."""
        raise self.error


class Network(NetworkMethod):
    """Trains one weight."""

    def network(self, problem: Problem) -> nn.Module:
        """Build it."""
        return Gain(0.9)


class Late(Network):
    """Gives NaN, or raises, after so many steps."""

    begun = 0
    last = 7
    error: Exception | None = None

    def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Do well for a while."""
        Late.begun += 1
        good = super().loss(output, truth, inputs, problem)
        if Late.begun <= self.last:
            return good
        if self.error:
            raise self.error
        return good * torch.nan


def split_of(cache: Path, reference: str = SMALL, **wanted: Any) -> Split:
    """Load scenes."""
    whole = {"train_on": (), "scenes": (), "root": Path("no-such-folder"), **wanted}
    return load_split(DataRequest(reference, cache=cache, **whole), EIGHT_BIT)


def planned(
    split: Split,
    method: str | Method,
    protocol: Protocol = EIGHT_BIT,
    profile: Profile = BRIEF,
    scale: int = 2,
    seed: int = 0,
) -> CellPlan:
    """Plan one cell."""
    made = METHODS.make(method) if isinstance(method, str) else method
    (task,) = plan_cells(split, Experiment(protocol, profile, (scale,), (made,), (seed,)))
    return task


def through(task: CellPlan, settings: Settings) -> tuple[CellPlan, Settings]:
    """Write a job down as text and read it."""
    text = json.dumps(Job(task, settings).to_json(), allow_nan=False)
    assert "\n" not in text  # it goes to a worker as a line
    job = Job.from_json(json.loads(text))
    return job.plan, job.settings


def carried(
    task: CellPlan,
    settings: Settings,
    stop: Callable[[], bool] = lambda: False,
    listener: Recorder | None = None,
) -> JobResult:
    """Carry a job out; it has nothing to complain of."""
    told: list[str] = []
    result = run_job(Job(task, settings), listener or Recorder(), stop, told.append)
    assert told == []
    return result


def cell_of(task: CellPlan, settings: Settings) -> Cell:
    """Read a cell that must be there."""
    cell = read_cell(task.address.folder(settings.results))
    assert cell is not None
    return cell


def checkpoint_of(task: CellPlan, settings: Settings) -> Path:
    """Return where a training's checkpoint lies."""
    return CellLock(settings.results, task.address, task.key).checkpoint


def one_line(reason: str) -> bool:
    """Return whether a reason fits into a table."""
    return 0 < len(reason) <= 300 and len(reason.splitlines()) == 1
