"""A job, which is one cell to compute and store, and its result.

Jobs are sent to worker processes, and their results back, as JSON: nothing is pickled.
"""

import inspect
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

import torch

from benchmark.data.split import DataRequest, load_split
from benchmark.dataset import DATASETS
from benchmark.engine.machine.device import Device
from benchmark.engine.machine.torch_state import numeric_state
from benchmark.engine.training.checkpoint import Checkpointer, Stopped
from benchmark.engine.training.listener import ProgressListener, WholeCell
from benchmark.engine.training.loop import TrainingError
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError, listed, plain, shortened
from benchmark.execution.computation.evaluation import compute
from benchmark.execution.computation.pretrained import cell_with_weights
from benchmark.execution.listeners.tensorboard import with_curves
from benchmark.execution.planning.plan import CellPlan, plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.execution.registries import REGISTRIES
from benchmark.method import METHODS, Method
from benchmark.metric import METRICS
from benchmark.plugins.discovery import load_origins, origin
from benchmark.plugins.isolation import Changes, process_kept
from benchmark.protocol import PROTOCOLS
from benchmark.store import cells
from benchmark.store.lock import CellLock
from benchmark.store.origins import computed

# Characters of a failure's reason, which stands in tables; its traceback has all.
_LONGEST_REASON = 300


class ChangedError(Exception):
    """The source, the data or the engine changed after the job was created."""


class TamperedError(Exception):
    """A method replaced functions of torch, numpy or the engine while it ran."""


@dataclass(frozen=True)
class JobResult:
    """How a job ended.

    Attributes:
        kind: "done" (the cell is stored), "failed" (the method's fault), "refused" (later jobs
            would be refused too, for example because the disk is full), "stopped" (as
            requested), "lost" (the machine or its job ended, which is nobody's fault) or "queued"
            (submitted to a batch system, and left to it).
        reason: one line; empty for "done".
        trace: the traceback of a failure.
    """

    kind: Literal["done", "failed", "refused", "stopped", "lost", "queued"]
    reason: str = ""
    trace: str = ""


@dataclass(frozen=True)
class Settings:
    """Settings shared by the jobs of a run.

    Attributes:
        results: the results folder.
        device: where to compute.
        environment: facts about machine and versions, stored with the cells.
        plugins: plugin files to import first.
        checkpoint_every: seconds from one checkpoint to the next.
        tensorboard: True writes training curves for TensorBoard.
        pretrained: a results folder; networks are scored with its weights instead of trained.
        request: the options of the run, stored with its cells so that it can be repeated.
    """

    results: Path
    device: Device
    environment: dict[str, Any]
    plugins: tuple[Path, ...] = ()
    checkpoint_every: float = 60.0
    tensorboard: bool = False
    pretrained: Path | None = None
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """One cell to compute, with the settings of its run."""

    plan: CellPlan
    settings: Settings

    @property
    def lock(self) -> CellLock:
        """The lock of the cell."""
        return CellLock(self.settings.results, self.plan.address, self.plan.key)

    def facts(self) -> dict[str, Any]:
        """Return the part of `cell.json` that does not depend on the result."""
        return {
            "key": self.plan.key,
            "depends": self.plan.depends,
            "configuration": self.plan.configuration,
            "environment": self.settings.environment,
            "request": dict(self.settings.request),
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
        settings = self.settings
        return {
            **self.order(),
            "device": [str(settings.device.torch), settings.device.bfloat16],
            "threads": torch.get_num_threads(),
            "environment": settings.environment,
        }

    def order(self) -> dict[str, Any]:
        """Return the part of `to_json` that does not depend on the machine that computes it."""
        plan, settings, data = self.plan, self.settings, self.plan.split.request
        return {
            "results": str(settings.results.absolute()),
            "plugins": [str(file.expanduser().absolute()) for file in settings.plugins],
            "imports": self._imports(),
            "checkpoint_every": settings.checkpoint_every,
            "tensorboard": settings.tensorboard,
            "pretrained": settings.pretrained and str(settings.pretrained.absolute()),
            "request": dict(settings.request),
            "data": {
                **asdict(data),
                "root": str(data.root.absolute()),
                "cache": str(data.cache.absolute()),
            },
            "protocol": plan.address.protocol,
            "metrics": [METRICS.label(metric) for metric in plan.metrics],
            "profile": asdict(plan.profile),
            "scale": plan.address.scale,
            "method": plan.address.method,
            "seed": plan.address.seed,
            "key": plan.key,
        }

    def _imports(self) -> list[dict[str, str]]:
        """Return where the plugins of the job come from; no other is imported."""
        data = self.plan.split.request
        datasets = dict.fromkeys(
            DATASETS.make(reference).name for reference in (data.reference, *data.train_on)
        )
        places = [origin(METHODS, self.plan.method.name)]
        places += [origin(DATASETS, name) for name in datasets]
        places.append(origin(PROTOCOLS, self.plan.protocol.name))
        places += [origin(METRICS, metric.name) for metric in self.plan.metrics]
        return [dict(items) for items in dict.fromkeys(tuple(place.items()) for place in places)]

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Build the job in another process, which loads its method and its data again.

        Plugins of which the job needs nothing are not imported.

        Raises:
            ChangedError: the method's source or the data changed since `to_json`.
            RequestError: the data can no longer be read.
        """
        settings = Settings(
            results=Path(values["results"]),
            device=Device(torch.device(values["device"][0]), values["device"][1]),
            environment=values["environment"],
            plugins=tuple(Path(file) for file in values["plugins"]),
            checkpoint_every=values["checkpoint_every"],
            tensorboard=values["tensorboard"],
            pretrained=values["pretrained"] and Path(values["pretrained"]),
            request=values["request"],
        )
        try:
            load_origins(values["imports"], *REGISTRIES)
            method = METHODS.make(values["method"])
            protocol = PROTOCOLS.make(values["protocol"])
            metrics = tuple(map(METRICS.make, values["metrics"]))
        except RequestError as error:
            raise ChangedError(f"it changed during the run: {error}") from error
        torch.set_num_threads(values["threads"])
        data = _rebuilt(DataRequest, values["data"])
        experiment = Experiment(
            protocol,
            _rebuilt(Profile, values["profile"]),
            (values["scale"],),
            (method,),
            (values["seed"],),
            metrics,
        )
        (plan,) = plan_cells(load_split(data, protocol), experiment)
        if plan.key != values["key"]:
            raise ChangedError(
                "its source, its data or the engine changed during the run; run the same "
                "command again"
            )
        return cls(plan, settings)


def run_job(
    job: Job,
    listener: ProgressListener,
    should_stop: Callable[[], bool],
    report: Callable[[str], None],
) -> JobResult:
    """Compute a cell and store it; turn any exception of the method into the result.

    Args:
        job: the cell; the caller holds its lock.
        listener: receives training steps and test scenes.
        should_stop: called after every training step; True stops the training.
        report: called with each message for the user.

    Returns:
        How the job ended.

    Raises:
        KeyboardInterrupt: the user stopped the run.
    """
    plan, settings = job.plan, job.settings
    checkpoint = job.lock.checkpoint
    every, device = settings.checkpoint_every, settings.device
    checkpointer = Checkpointer(checkpoint, every, should_stop, report, device.title)
    shown = WholeCell(listener)
    try:
        wanted = settings.tensorboard
        pretrained = cell_with_weights(plan, settings.pretrained)
        with (
            process_kept() as changed,
            numeric_state(),
            with_curves(plan, settings.results, shown, report, wanted=wanted) as listeners,
        ):
            measured, files = compute(plan, device, listeners, checkpointer, pretrained)
        measured["warnings"] += checkpointer.warnings
        _require_untouched(changed)
        facts = {**job.facts(), "status": "done", "reason": None, **measured}
        with computed(settings.results, plan.address, facts, files):
            cells.write(settings.results, plan.address, facts, files)
    except TrainingError as error:
        checkpointer.remove()  # resuming would only diverge again
        return result_of(error, plan.method)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit too
        return result_of(error, plan.method)
    return JobResult("done")


def _require_untouched(changed: Changes) -> None:
    """Check that a cell's method replaced nothing that computes its scores.

    Raises:
        TamperedError: it did.
    """
    if changed.functions:
        raise TamperedError(
            f"it replaced {listed(changed.functions)}, which the engine uses too; define a "
            "function of another name instead"
        )


def result_of(error: BaseException, method: Method | None = None) -> JobResult:
    """Convert the exception that is being handled to a job's result.

    Args:
        error: the exception.
        method: a RequestError raised in its file counts as its failure.
    """
    if isinstance(error, Stopped):
        return JobResult("stopped", "its training will resume from a checkpoint")
    if isinstance(error, RequestError) and not _raised_by(method, error):
        return JobResult("refused", str(error))
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - a method's own exception
        message = "its message cannot be shown"
    reason = plain(_first_sentence(f"{type(error).__name__}: {message}")).removesuffix(":")
    reason = shortened(reason.encode(errors="replace").decode(), _LONGEST_REASON)
    return JobResult("failed", reason, traceback.format_exc())


def _first_sentence(text: str) -> str:
    """Return the first line of a message, and those after it that a colon announces.

    "Error(s) in loading state_dict for Conv2d:" alone says nothing.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    end = next((i for i, line in enumerate(lines) if not line.endswith(":")), len(lines) - 1)
    return " ".join(lines[: end + 1])


def _raised_by(method: Method | None, error: BaseException) -> bool:
    """Return True if the error was raised in the method's own file."""
    frames = traceback.extract_tb(error.__traceback__)
    return method is not None and frames[-1].filename == inspect.getfile(type(method))


def _rebuilt(cls: type[Any], values: dict[str, Any]) -> Any:
    """Build a dataclass from JSON, converting lists to tuples and texts to paths."""
    arguments = {}
    for one in fields(cls):
        value = values[one.name]
        if isinstance(value, list):
            value = tuple(value)
        arguments[one.name] = Path(value) if one.type is Path else value
    return cls(**arguments)
