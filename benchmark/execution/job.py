"""One cell as a job: what to compute, where to store it, and how it ended, as plain values.

A job goes to a worker process and its result comes back, both as JSON: nothing is pickled.
"""

import inspect
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

import torch

from benchmark.data.split import DataRequest, load_split
from benchmark.dataset import DATASETS
from benchmark.engine.device import Device
from benchmark.engine.training.checkpoint import Checkpointer, Stopped
from benchmark.engine.training.listener import ProgressListener
from benchmark.engine.training.loop import TrainingError
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError, plain
from benchmark.execution.evaluation import compute
from benchmark.execution.listeners.tensorboard import with_curves
from benchmark.execution.plan import CellPlan, plan_cells
from benchmark.execution.request import Experiment
from benchmark.method import METHODS, Method
from benchmark.plugins.discovery import discover
from benchmark.plugins.discovery import load as load_plugin
from benchmark.protocols.protocol import Protocol
from benchmark.store import cells
from benchmark.store.lock import CellLock


class ChangedError(Exception):
    """What a job was made from has changed since."""


@dataclass(frozen=True)
class JobResult:
    """How a job ended.

    Attributes:
        kind: "done" (the cell is stored), "failed" (the method's fault), "refused" (every later
            job would be refused too, as where the disk is full) or "stopped" (as requested).
        reason: one line, for all but "done".
        trace: the traceback of a failure.
    """

    kind: Literal["done", "failed", "refused", "stopped"]
    reason: str = ""
    trace: str = ""


@dataclass(frozen=True)
class Settings:
    """What the jobs of a run have in common.

    Attributes:
        results: the results folder.
        device: where to compute.
        environment: as stored with the cells.
        plugins: plugin files to import first.
        checkpoint_every: seconds from one checkpoint to the next.
        tensorboard: True writes training curves for TensorBoard.
    """

    results: Path
    device: Device
    environment: dict[str, Any]
    plugins: tuple[Path, ...] = ()
    checkpoint_every: float = 60.0
    tensorboard: bool = False


@dataclass(frozen=True)
class Job:
    """One cell to compute, and where and how."""

    plan: CellPlan
    settings: Settings

    @property
    def lock(self) -> CellLock:
        """The lock of the cell."""
        return CellLock(self.settings.results, self.plan.address, self.plan.key)

    def facts(self) -> dict[str, Any]:
        """Return what `cell.json` says of the cell, however the job ends."""
        return {
            "key": self.plan.key,
            "depends": self.plan.depends,
            "configuration": self.plan.configuration,
            "environment": self.settings.environment,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def store_failure(self, result: JobResult) -> None:
        """Store a failed cell: the reason, and the traceback as `traceback.txt`.

        Raises:
            RequestError: the results folder cannot be written to.
        """
        facts = {**self.facts(), "status": "failed", "reason": result.reason, "warnings": []}
        files = {"traceback.txt": result.trace.encode(errors="replace")}
        cells.write(self.settings.results, self.plan.address, facts, files)

    def to_json(self) -> dict[str, Any]:
        """Return the job as JSON-serialisable values, for `from_json`."""
        plan, settings, data = self.plan, self.settings, self.plan.split.request
        return {
            "results": str(settings.results.absolute()),
            "device": [str(settings.device.torch), settings.device.bfloat16],
            "threads": torch.get_num_threads(),
            "environment": settings.environment,
            "plugins": [str(file.expanduser().absolute()) for file in settings.plugins],
            "checkpoint_every": settings.checkpoint_every,
            "tensorboard": settings.tensorboard,
            "data": {
                **asdict(data),
                "root": str(data.root.absolute()),
                "cache": str(data.cache.absolute()),
            },
            "protocol": asdict(plan.protocol),
            "profile": asdict(plan.profile),
            "scale": plan.address.scale,
            "method": plan.address.method,
            "seed": plan.address.seed,
            "key": plan.key,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Build the job in another process, where plugins, data and method are looked up again.

        Raises:
            ChangedError: the method's source or the data changed since `to_json`.
            RequestError: the data can no longer be read.
        """
        torch.set_num_threads(values["threads"])
        discover([METHODS, DATASETS])
        settings = Settings(
            results=Path(values["results"]),
            device=Device(torch.device(values["device"][0]), values["device"][1]),
            environment=values["environment"],
            plugins=tuple(Path(file) for file in values["plugins"]),
            checkpoint_every=values["checkpoint_every"],
            tensorboard=values["tensorboard"],
        )
        try:
            for file in settings.plugins:
                load_plugin(file, METHODS, DATASETS)
            method = METHODS.make(values["method"])
        except RequestError as error:
            raise ChangedError(f"it changed while the run was going on: {error}") from error
        data = _rebuilt(DataRequest, values["data"])
        experiment = Experiment(
            _rebuilt(Protocol, values["protocol"]),
            _rebuilt(Profile, values["profile"]),
            (values["scale"],),
            (method,),
            (values["seed"],),
        )
        (plan,) = plan_cells(load_split(data), experiment)
        if plan.key != values["key"]:
            raise ChangedError(
                "its source, its data or the engine changed while the run was going on; the same "
                "command runs it again"
            )
        return cls(plan, settings)


def run_job(
    job: Job,
    listener: ProgressListener,
    should_stop: Callable[[], bool],
    say: Callable[[str], None],
) -> JobResult:
    """Compute a cell and store it; whatever a method raises becomes the job's result.

    Args:
        job: which cell; its lock is held by the caller.
        listener: is shown training steps and test scenes.
        should_stop: is asked at every training step.
        say: takes a line for the user.
    """
    plan, settings = job.plan, job.settings
    checkpoint = job.lock.checkpoint
    checkpointer = Checkpointer(checkpoint, settings.checkpoint_every, should_stop, say)
    try:
        wanted = settings.tensorboard
        with with_curves(plan, settings.results, listener, say, wanted=wanted) as listeners:
            measured, files = compute(plan, settings.device, listeners, checkpointer)
        facts = {**job.facts(), "status": "done", "reason": None, **measured}
        cells.write(settings.results, plan.address, facts, files)
    except TrainingError as error:
        checkpointer.remove()  # going on from there would only end in the same way
        return result_of(error, plan.method)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a method may even raise SystemExit
        return result_of(error, plan.method)
    return JobResult("done")


def result_of(error: BaseException, method: Method | None = None) -> JobResult:
    """Turn an exception into a job's result, while it is being handled.

    Args:
        error: the exception.
        method: a RequestError that is raised in its own file is its own failure.
    """
    if isinstance(error, Stopped):
        return JobResult("stopped", "its training goes on from a checkpoint")
    if isinstance(error, RequestError) and not _raised_by(method, error):
        return JobResult("refused", str(error))
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - a method's own exception
        message = "its message cannot be shown"
    reason = plain(f"{type(error).__name__}: {message}".splitlines()[0]).removesuffix(":")[:300]
    return JobResult("failed", reason.encode(errors="replace").decode(), traceback.format_exc())


def _raised_by(method: Method | None, error: BaseException) -> bool:
    """Return whether the error was raised in the method's own file."""
    frames = traceback.extract_tb(error.__traceback__)
    return method is not None and frames[-1].filename == inspect.getfile(type(method))


def _rebuilt(cls: type[Any], values: dict[str, Any]) -> Any:
    """Build a dataclass from JSON, where tuples have become lists and paths texts."""
    built = {}
    for field in fields(cls):
        value = values[field.name]
        if isinstance(value, list):
            value = tuple(value)
        built[field.name] = Path(value) if field.type is Path else value
    return cls(**built)
