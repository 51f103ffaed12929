"""Progress and checkpoints of a method with a loop of its own."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor

from benchmark.engine.machine import seeding
from benchmark.engine.machine.device import Device
from benchmark.engine.training.checkpoint import NullCheckpointer, Stopped
from benchmark.engine.training.listener import TrainingListener
from benchmark.engine.training.loop import LOG_EVERY, TrainingError
from benchmark.method import Problem, Run

_PARTS = {"stage", "state", "generator", "randomness", "completed"}
_LATER = {"seconds", "resumed"}  # not in the checkpoints of older versions


class CellRun(Run):
    """What a method with a loop of its own is given while a cell is computed.

    A cell has stages: learning, then one for each test scene. A checkpoint contains what finished
    stages left (`completed`), and the state of the present one.

    Attributes:
        completed: results of finished stages by name; also of an interrupted run.
        resumed: number of times that the cell resumed from a checkpoint.
        spent: seconds of the present stage before the state that `resume` returned.

    Args:
        device: where the method computes.
        problem: its seed is that of the generator.
        listener: receives the iterations.
        checkpointer: loads and saves, and may stop the run.
    """

    def __init__(
        self,
        device: Device,
        problem: Problem,
        listener: TrainingListener,
        checkpointer: NullCheckpointer,
    ) -> None:
        super().__init__(device.torch, problem.generator(device.torch))
        self._engine_device = device
        self._problem = problem
        self._listener = listener
        self._checkpointer = checkpointer
        self._saved = _valid(checkpointer)
        self.resumed = self._saved.get("resumed", 0) + 1 if self._saved else 0
        self.spent, self._began = 0.0, time.perf_counter()
        self.completed: dict[str, Any] = self._saved["completed"] if self._saved else {}
        self._stage = ""
        self._losses, self._unlogged = torch.zeros((), device=device.torch), 0

    def begin(self, stage: str) -> None:
        """Start a stage with a generator of its own, which depends on the cell's seed alone."""
        self._stage = stage
        self.spent, self._began = 0.0, time.perf_counter()
        self.generator = self._problem.generator(self.device)
        self._losses, self._unlogged = torch.zeros((), device=self.device), 0

    def finish(self, result: Any) -> None:
        """Keep the result of the present stage, and save it.

        Args:
            result: tensors, numbers and texts, in lists and dicts.
        """
        self.completed[self._stage] = result
        self._saved = None
        self._save(None)

    def autocast(self) -> AbstractContextManager[object]:
        """Return the context manager of the precision that networks are trained in."""
        return self._engine_device.autocast()

    def resume(self) -> dict[str, Any] | None:
        """Return the state that was saved last in this stage, and restore the generators.

        A stage that another kind of device began starts anew: its generator cannot be restored.
        """
        saved = self._saved
        if saved is None or saved["stage"] != self._stage or saved["state"] is None:
            return None
        self._saved = None
        if ("cuda" in saved["randomness"]) != (self.device.type == "cuda"):
            return None
        self.spent = saved.get("seconds", 0.0)
        self.generator.set_state(saved["generator"])
        seeding.restore(saved["randomness"], self.device)
        state: dict[str, Any] = _moved(saved["state"], self.device)
        return state

    def step(
        self, step: int, steps: int, loss: Tensor | float, state: Callable[[], dict[str, Any]]
    ) -> None:
        """Report an iteration; save the state when it is due.

        Raises:
            Stopped: the run is to stop, and the state was saved.
            TrainingError: the loss became NaN or infinite.
        """
        self._losses += loss.detach() if isinstance(loss, Tensor) else loss
        self._unlogged += 1
        if self._unlogged == LOG_EVERY or step == steps:
            mean = float(self._losses) / self._unlogged
            self._losses.zero_()
            self._unlogged = 0
            if not math.isfinite(mean):
                raise TrainingError(f"the loss became {mean} before step {step}")
            self._listener.stepped(step, steps, mean, math.nan)
        stopping = self._checkpointer.stopping
        if stopping or self._checkpointer.due():
            self._save(state())
        if stopping:
            raise Stopped

    def _save(self, state: Mapping[str, Any] | None) -> None:
        self._checkpointer.save(
            {
                "stage": self._stage,
                "state": state,
                "generator": self.generator.get_state(),
                "randomness": seeding.states(self.device),
                "completed": self.completed,
                "seconds": self.spent + time.perf_counter() - self._began,
                "resumed": self.resumed,
            }
        )


def _valid(checkpointer: NullCheckpointer) -> dict[str, Any] | None:
    """Load a checkpoint; reject one of another kind."""
    saved = checkpointer.load()
    if saved is not None and set(saved) - _LATER != _PARTS:
        checkpointer.reject(ValueError("it belongs to another version"))
        return None
    return saved


def _moved(value: Any, device: torch.device) -> Any:
    """Move the tensors of nested dicts and lists to a device."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {name: _moved(part, device) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_moved(part, device) for part in value)
    return value
