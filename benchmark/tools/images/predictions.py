"""Images of a stored cell: its estimates made again from its weights, for figures and pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from benchmark.data.split import truth_of
from benchmark.engine.device import Device
from benchmark.engine.estimation import crop_to, estimator, method_input
from benchmark.errors import RequestError, listed
from benchmark.execution.plan import CellPlan
from benchmark.execution.status import status_of
from benchmark.method import State
from benchmark.store.cells import WEIGHTS


@dataclass(frozen=True)
class Recalled:
    """One test scene as a cell saw, estimated and should have estimated it.

    Attributes:
        scene: its name.
        wavelengths: of the bands, in nm.
        truth: (bands, rows, columns) uint8 grey levels, as scored.
        low: (bands, rows / scale, columns / scale) uint8, the low-resolution image.
        estimate: (bands, rows, columns) uint8, as scored.
    """

    scene: str
    wavelengths: tuple[float, ...]
    truth: np.ndarray
    low: np.ndarray
    estimate: np.ndarray


def recall(
    task: CellPlan, results: Path, device: Device, scenes: Sequence[str] = ()
) -> Iterator[Recalled]:
    """Estimate test scenes again with what a cell has stored.

    Args:
        task: the cell; it must be done.
        results: the results folder.
        device: where.
        scenes: which test scenes; all where empty.

    Yields:
        The scenes in the order of the split.

    Raises:
        RequestError: the cell is not done, its weights are not stored, or it was not tested on
            one of the scenes.
    """
    status = status_of(task, results)
    if status.state != "done" or status.cell is None:
        raise RequestError(f"{task.address} is {status.state}: {status.reason}; run it first")
    if unknown := [name for name in scenes if name not in task.split.test.names]:
        raise RequestError(
            f"{listed(unknown)} is no test scene of {task.address.dataset}; they are "
            f"{listed(task.split.test.names, 30)}"
        )
    state: State = {}
    if WEIGHTS in status.cell.facts["sums"]:
        file = status.cell.folder / WEIGHTS
        if not file.exists():
            raise RequestError(f"{file} is missing: it came without weights; run the cell again")
        state = {name: tensor.to(device.torch) for name, tensor in load_file(file).items()}
    problem = task.problem()
    estimate_scene = estimator(task.method, problem, state, task.profile, device)
    for prepared, name in task.split.test.entries:
        if scenes and name not in scenes:
            continue
        scene = prepared.read(name)
        truth = truth_of(scene).to(device.torch)
        stored = problem.degradation.store(truth)
        low = method_input(task.method, problem.degradation, stored)
        shape = (truth.shape[1], truth.shape[2])
        estimate = crop_to(estimate_scene(low, replace(problem, shape=shape)), truth)
        images = (truth, problem.degradation.low(stored), estimate.clamp(0, 1))
        yield Recalled(name, scene.wavelengths, *(_grey(image) for image in images))


def _grey(image: Tensor) -> np.ndarray:
    levels: np.ndarray = torch.round(image * 255).to(torch.uint8).cpu().numpy()
    return levels
