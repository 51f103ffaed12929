"""Runs cells: fit, estimate the test scenes, score, store; a failing one costs itself only."""

import csv
import io
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmark import environment, store
from benchmark.degradation import Degradation, upscale
from benchmark.device import Device
from benchmark.inference import run_network
from benchmark.method import Method, NetworkMethod, Problem, State
from benchmark.metrics import METRICS, psnr, score
from benchmark.patches import PatchBank
from benchmark.plan import Task, stored
from benchmark.progress import Progress
from benchmark.training import Trained, Validation, start, train


@dataclass
class Outcome:
    """What became of a run's cells, each named by its address."""

    done: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


class Runner:
    """Runs tasks one after the other on one device.

    Args:
        results: the results folder.
        device: where.
        progress: is told of everything.
        retry_failed: True runs failed cells again.
    """

    def __init__(
        self, results: Path, device: Device, progress: Progress, retry_failed: bool = False
    ) -> None:
        self.results = results
        self.device = device
        self.progress = progress
        self.retry_failed = retry_failed
        self._environment = environment.describe(device)
        self._bank: tuple[object, PatchBank] | None = None

    def run(self, tasks: Sequence[Task]) -> Outcome:
        """Run what is not stored yet.

        Raises:
            RequestError: the results folder cannot be written to, or a data set's file cannot
                be read: nothing that comes later would fare better.
        """
        outcome = Outcome()
        waiting = []
        for task in tasks:
            cell = stored(task, self.results)
            if cell is None or (cell.status == "failed" and self.retry_failed):
                waiting.append(task)
            elif cell.status == "failed":
                outcome.failed[str(task.address)] = str(cell.facts["reason"])
            else:
                outcome.found.append(str(task.address))
        self.progress.begin(len(waiting), len(outcome.found))
        for number, task in enumerate(waiting, start=1):
            self.progress.cell(number, str(task.address))
            reason = self._run(task)
            if reason:
                outcome.failed[str(task.address)] = reason
            else:
                outcome.done.append(str(task.address))
            self.progress.cell_ended(reason)
        return outcome

    def _run(self, task: Task) -> str | None:
        """Run one cell and store it; gives the reason where it failed."""
        from benchmark.errors import RequestError

        facts: dict[str, Any] = {
            "key": task.key,
            "configuration": task.configuration,
            "environment": self._environment,
        }
        try:
            made, files = self._compute(task)
            facts |= {"status": "done", "reason": None, **made}
        except RequestError:
            raise
        except Exception as error:  # noqa: BLE001 - one cell's fault must not stop the others
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            facts |= {"status": "failed", "reason": reason, "warnings": []}
            files = {"traceback.txt": traceback.format_exc().encode()}
        facts["date"] = datetime.now(UTC).isoformat(timespec="seconds")
        store.write(self.results, task.address, facts, files)
        told: str | None = facts["reason"]
        return told

    def _compute(self, task: Task) -> tuple[dict[str, Any], dict[str, bytes]]:
        problem = task.problem()
        method = task.method
        began = time.perf_counter()
        files: dict[str, bytes] = {}
        warnings: list[str] = []
        if isinstance(method, NetworkMethod):
            trained = self._train(task, method, problem)
            warnings, state = trained.warnings, trained.state
            files["training.csv"] = _csv(trained.history)
        else:
            state = method.fit(_OnDevice(task.split.train, self.device), problem)
        fit_seconds = time.perf_counter() - began
        rows, seconds = self._score(task, method, problem, state)
        files["scores.csv"] = _csv(rows)
        if state:
            files[store.WEIGHTS] = _tensors(state)
        made = {
            "parameters": sum(v.numel() for v in state.values())
            if isinstance(method, NetworkMethod)
            else 0,
            "times": {"fit_s": round(fit_seconds, 3), "upscale_s": round(seconds, 4)},
            "memory": {"peak_bytes": environment.peak_memory(self.device)},
            "warnings": warnings,
        }
        return made, files

    def _train(self, task: Task, method: NetworkMethod, problem: Problem) -> Trained:
        identity = (
            task.split.label,
            task.address.scale,
            task.address.seed,
            task.protocol.name,
            task.profile.name,
        )
        if self._bank is None or self._bank[0] != identity:
            self._bank = None
            bank = PatchBank(
                task.split.train,
                problem.degradation,
                count=task.profile.patches,
                size=task.profile.patch,
                seed=task.address.seed,
                device=self.device.torch,
            )
            self._bank = (identity, bank)
        pairs = [
            validation_pair(
                truth.to(self.device.torch), method, problem, task.profile.validation_size
            )
            for truth in task.split.validation
        ]
        return train(
            method,
            self._bank[1],
            pairs,
            problem,
            task.profile,
            task.address.seed,
            self.device,
            self.progress,
        )

    def _score(
        self, task: Task, method: Method, problem: Problem, state: State
    ) -> tuple[list[dict[str, Any]], float]:
        estimate_scene = self._estimator(task, method, problem, state)
        rows, seconds = [], 0.0
        for name, original in zip(task.split.test.names, task.split.test, strict=True):
            self.progress.scene(name)
            truth = original.to(self.device.torch)
            shape = (truth.shape[1], truth.shape[2])
            low = seen(method, problem.degradation, problem.degradation.store(truth))
            began = time.perf_counter()
            estimate = estimate_scene(low, replace(problem, shape=shape))
            if self.device.torch.type == "cuda":
                torch.cuda.synchronize(self.device.torch)
            seconds += time.perf_counter() - began
            rows.append({"scene": name, **score(fitted(estimate, truth), truth, problem.scale)})
        return rows, seconds / len(rows)

    def _estimator(
        self, task: Task, method: Method, problem: Problem, state: State
    ) -> Callable[[Tensor, Problem], Tensor]:
        if not isinstance(method, NetworkMethod):
            return lambda low, asked: method.upscale(low, asked, state)
        with torch.random.fork_rng(devices=[]):
            network = start(method, problem, task.profile.recipe(method))
        network.load_state_dict(state)
        network = self.device.place(network)
        return lambda low, asked: run_network(method, network, low, asked, self.device)


class _OnDevice:
    """Training scenes on a device, one at a time, as often as asked."""

    def __init__(self, scenes: Any, device: Device) -> None:
        self._scenes, self._device = scenes, device

    def __iter__(self) -> Any:
        return (truth.to(self._device.torch) for truth in self._scenes)


def seen(method: Method, degradation: Degradation, truth: Tensor) -> Tensor:
    """Make what a method sees of a stored ground truth, (bands, rows, columns) float32."""
    low = degradation.low(truth)
    if method.sees == "decimated":
        return low
    return upscale(low, (truth.shape[1], truth.shape[2]))


def fitted(estimate: Tensor, truth: Tensor) -> Tensor:
    """Keep the first samples of an estimate that is larger than the truth.

    Raises:
        ValueError: it is smaller, or has other bands.
    """
    bands, rows, columns = truth.shape
    if (
        estimate.dim() != 3
        or estimate.shape[0] != bands
        or any(
            got < wanted for got, wanted in zip(estimate.shape[1:], (rows, columns), strict=True)
        )
    ):
        raise ValueError(
            f"the estimate has shape {tuple(estimate.shape)}, expected {(bands, rows, columns)}"
        )
    return estimate[:, :rows, :columns]


def validation_pair(truth: Tensor, method: Method, problem: Problem, size: int) -> Validation:
    """Make a held-out pair, cut to the middle `size` pixels (0 for all) of the degraded scene."""
    stored_truth = problem.degradation.store(truth)
    low = seen(method, problem.degradation, stored_truth)
    interpolated = upscale(problem.degradation.low(stored_truth), tuple(truth.shape[1:]))  # type: ignore[arg-type]
    step = problem.scale if method.sees == "decimated" else 1
    for axis in (1, 2):
        length = truth.shape[axis]
        kept = min(size or length, length)
        first = (length - kept) // 2 // problem.scale * problem.scale
        stored_truth = stored_truth.narrow(axis, first, kept)
        interpolated = interpolated.narrow(axis, first, kept)
        low = low.narrow(
            axis, first // step, min(-(-kept // step), low.shape[axis] - first // step)
        )
    return Validation(low, stored_truth, psnr(interpolated, stored_truth, 1.0))


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(
        text, list(rows[0]) if rows else ["scene", *METRICS], lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _tensors(state: State) -> bytes:
    from safetensors.torch import save

    return save({name: tensor.cpu().contiguous() for name, tensor in state.items()})
