"""Computes one cell: fit, estimate the test scenes, score."""

import csv
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from benchmark import environment, store
from benchmark.device import Device
from benchmark.inference import run_network
from benchmark.method import Method, NetworkMethod, Problem, State
from benchmark.metrics import METRICS, score
from benchmark.pairs import fitted, seen, validation_pair
from benchmark.patches import PatchBank
from benchmark.plan import Task
from benchmark.progress import Progress
from benchmark.split import SceneSet
from benchmark.training import Trained, start, train


class Workbench:
    """Computes cells on one device, and keeps the training patches for the next cell.

    Args:
        device: where.
        progress: is told of training steps and test scenes.
    """

    def __init__(self, device: Device, progress: Progress) -> None:
        self.device = device
        self.progress = progress
        self._bank: tuple[object, PatchBank] | None = None

    def compute(self, task: Task) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Compute a cell.

        Returns:
            What `cell.json` says of it (parameters, times, memory, warnings), and its files.
        """
        problem = task.problem()
        method = task.method
        began = time.perf_counter()
        files: dict[str, bytes] = {}
        warnings: list[str] = []
        parameters = 0
        if isinstance(method, NetworkMethod):
            trained = self._train(task, method, problem)
            warnings, parameters, state = trained.warnings, trained.parameters, trained.state
            files["training.csv"] = _csv(trained.history)
        else:
            state = method.fit(_OnDevice(task.split.train, self.device), problem)
        fit_seconds = time.perf_counter() - began
        rows, seconds = self._score(task, method, problem, state)
        files["scores.csv"] = _csv(rows)
        if state:
            files[store.WEIGHTS] = _tensors(state)
        made = {
            "parameters": parameters,
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

    def __init__(self, scenes: SceneSet, device: Device) -> None:
        self._scenes, self._device = scenes, device

    def __iter__(self) -> Iterator[Tensor]:
        return (truth.to(self._device.torch) for truth in self._scenes)


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
