"""One cell as a job: what to compute, where to keep it, and how it ended, as plain values.

A job goes to a worker process and an ending comes back, both as JSON: nothing is pickled.
"""

import inspect
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import torch

from benchmark.data.split import Wanted, load
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
from benchmark.method import METHODS, Method
from benchmark.plugins.discovery import discover
from benchmark.plugins.discovery import load as load_plugin
from benchmark.protocols.protocol import Protocol
from benchmark.store import cells
from benchmark.store.lock import CellLock


class ChangedError(Exception):
    """What a job was written down from is no longer there as it was."""


@dataclass(frozen=True)
class Ending:
    """How a job ended.

    Attributes:
        kind: "done" (the cell is stored), "failed" (the method's fault), "refused" (nothing that
            comes later would fare better) or "stopped" (as it was told to).
        reason: one line, for all but "done".
        trace: where it failed.
    """

    kind: Literal["done", "failed", "refused", "stopped"]
    reason: str = ""
    trace: str = ""


@dataclass(frozen=True)
class Settings:
    """What a run's jobs have in common.

    Attributes:
        results: the results folder.
        device: where to compute.
        environment: as stored with the cells.
        plugins: files to import first.
        checkpoint_every: seconds from one checkpoint to the next.
        tensorboard: True writes training curves for TensorBoard.
    """

    results: Path
    device: Device
    environment: dict[str, Any]
    plugins: tuple[Path, ...] = ()
    checkpoint_every: float = 60.0
    tensorboard: bool = False


def carry_out(
    task: CellPlan,
    settings: Settings,
    listener: ProgressListener,
    told_to_stop: Callable[[], bool],
    say: Callable[[str], None],
) -> Ending:
    """Compute a cell and store it; whatever a method does, short of ending the process, is told.

    Args:
        task: which; its lock is held by the caller.
        settings: where and how.
        listener: is told of training steps and test scenes.
        told_to_stop: is asked at every step.
        say: takes a line for the user.
    """
    lock = CellLock(settings.results, task.address, task.key)
    checkpointer = Checkpointer(lock.checkpoint, settings.checkpoint_every, told_to_stop, say)
    try:
        wanted = settings.tensorboard
        with with_curves(task, settings.results, listener, say, wanted=wanted) as listeners:
            made, files = compute(task, settings.device, listeners, checkpointer)
        facts = {**_facts(task, settings), "status": "done", "reason": None, **made}
        cells.write(settings.results, task.address, facts, files)
    except TrainingError as error:
        checkpointer.remove()  # from there it would only come to the same end
        return ending_of(error, task.method)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a method may even raise SystemExit
        return ending_of(error, task.method)
    return Ending("done")


def ending_of(error: BaseException, method: Method | None = None) -> Ending:
    """Turn what was raised into an ending, while it is being handled.

    Args:
        error: what was raised.
        method: whatever is raised in its own file is its own failure.
    """
    if isinstance(error, Stopped):
        return Ending("stopped", "its training goes on from a checkpoint")
    if isinstance(error, RequestError) and not _raised_by(method, error):
        return Ending("refused", str(error))
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - a method's own exception
        said = "it cannot be told"
    reason = plain(f"{type(error).__name__}: {said}".splitlines()[0]).removesuffix(":")[:300]
    return Ending("failed", reason.encode(errors="replace").decode(), traceback.format_exc())


def _raised_by(method: Method | None, error: BaseException) -> bool:
    """Tell whether a method's own file raised an error."""
    frames = traceback.extract_tb(error.__traceback__)
    return method is not None and frames[-1].filename == inspect.getfile(type(method))


def store_failure(task: CellPlan, settings: Settings, ending: Ending) -> None:
    """Store a cell that failed: its reason, and where as `traceback.txt`.

    Raises:
        RequestError: the results folder cannot be written to.
    """
    facts = {
        **_facts(task, settings),
        "status": "failed",
        "reason": ending.reason,
        "warnings": [],
    }
    files = {"traceback.txt": ending.trace.encode(errors="replace")}
    cells.write(settings.results, task.address, facts, files)


def _facts(task: CellPlan, settings: Settings) -> dict[str, Any]:
    return {
        "key": task.key,
        "depends": task.depends,
        "configuration": task.configuration,
        "environment": settings.environment,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def written(task: CellPlan, settings: Settings) -> dict[str, Any]:
    """Write a job down as JSON-serialisable values, for `read`."""
    wanted = task.split.wanted
    return {
        "results": str(settings.results.absolute()),
        "device": [str(settings.device.torch), settings.device.bfloat16],
        "threads": torch.get_num_threads(),
        "environment": settings.environment,
        "plugins": [str(file.expanduser().absolute()) for file in settings.plugins],
        "checkpoint_every": settings.checkpoint_every,
        "tensorboard": settings.tensorboard,
        "wanted": {
            **asdict(wanted),
            "root": str(wanted.root.absolute()),
            "cache": str(wanted.cache.absolute()),
        },
        "protocol": asdict(task.protocol),
        "profile": asdict(task.profile),
        "scale": task.address.scale,
        "method": task.address.method,
        "seed": task.address.seed,
        "key": task.key,
    }


def read(job: dict[str, Any]) -> tuple[CellPlan, Settings]:
    """Rebuild a job in another process: plugins, data and method are looked up again.

    Raises:
        ChangedError: the method's source or the data changed since it was written down.
        RequestError: the data can no longer be read.
    """
    torch.set_num_threads(job["threads"])
    discover([METHODS, DATASETS])
    settings = Settings(
        results=Path(job["results"]),
        device=Device(torch.device(job["device"][0]), job["device"][1]),
        environment=job["environment"],
        plugins=tuple(Path(file) for file in job["plugins"]),
        checkpoint_every=job["checkpoint_every"],
        tensorboard=job["tensorboard"],
    )
    try:
        for file in settings.plugins:
            load_plugin(file, METHODS, DATASETS)
        method = METHODS.make(job["method"])
    except RequestError as error:
        raise ChangedError(f"it changed while the run was going on: {error}") from error
    wanted = job["wanted"]
    split = load(
        Wanted(
            wanted["reference"],
            tuple(wanted["train_on"]),
            tuple(wanted["scenes"]),
            Path(wanted["root"]),
            Path(wanted["cache"]),
        )
    )
    (task,) = plan_cells(
        split,
        _same(Protocol, job["protocol"]),
        _same(Profile, job["profile"]),
        [job["scale"]],
        [method],
        [job["seed"]],
    )
    if task.key != job["key"]:
        raise ChangedError(
            "its source, its data or the engine changed while the run was going on; the same "
            "command runs it again"
        )
    return task, settings


def _same(cls: type[Any], facts: dict[str, Any]) -> Any:
    """Rebuild a dataclass from JSON, where tuples have become lists."""
    values = {field.name: facts[field.name] for field in fields(cls)}
    return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
