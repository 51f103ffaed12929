"""Recompute the estimates of a stored cell from its weights, for figures and the report page."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
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
from benchmark.method import NetworkMethod, State
from benchmark.store.cells import WEIGHTS, Cell
from benchmark.tools.images.model import LEVELS, View

COUNTED = 3  # the first version of the engine that counts what closed forms learn


def predict(
    plan: CellPlan, results: Path, device: Device, scenes: Sequence[str] = ()
) -> Iterator[View]:
    """Estimate test scenes with the stored weights of a finished cell.

    Args:
        plan: the cell.
        results: the results folder.
        device: where the estimates are computed.
        scenes: which test scenes; all if empty.

    Yields:
        The scenes in the order of the split, each with the cell's estimate.

    Raises:
        RequestError: the cell is not done, its weights are not stored, or it was not tested on
            one of the scenes.
    """
    status = status_of(plan, results)
    if status.state != "done" or status.cell is None:
        raise RequestError(f"{plan.address} is {status.state}: {status.reason}; run it first")
    check_test_scenes(scenes, plan)
    if reason := missing_weights(plan, status.cell):
        raise RequestError(f"{plan.address}: {reason}")
    stored: State = {}
    if WEIGHTS in status.cell.facts["sums"]:
        stored = load_file(status.cell.folder / WEIGHTS)
    state = {name: tensor.to(device.torch) for name, tensor in stored.items()}
    problem = plan.problem()
    estimate_scene = estimator(plan.method, problem, state, plan.profile, device)
    for prepared, name in plan.split.test.entries:
        if scenes and name not in scenes:
            continue
        scene = prepared.read(name)
        truth = problem.degradation.crop(truth_of(scene).to(device.torch))
        kept = problem.degradation.store(truth)
        low = method_input(plan.method, problem.degradation, kept)
        shape = (truth.shape[1], truth.shape[2])
        estimate = crop_to(estimate_scene(low, replace(problem, shape=shape)), truth)
        levels = plan.protocol.scored_levels
        made = estimate.clamp(0, 1) if plan.method.clips or levels else estimate
        yield View(
            scene=name,
            wavelengths=scene.wavelengths,
            truth=_grey_levels(truth, levels),
            low=_grey_levels(problem.degradation.low(kept), problem.degradation.stored_levels),
            estimates={plan.address.method: _grey_levels(made, levels)},
        )


def check_test_scenes(scenes: Sequence[str], plan: CellPlan) -> None:
    """Check that scenes are test scenes of a cell.

    Raises:
        RequestError: one of them is not.
    """
    tested = plan.split.test.names
    if unknown := [name for name in scenes if name not in tested]:
        raise RequestError(
            f"--scenes: {listed(unknown)} is no test scene of {plan.address.dataset}; they are "
            f"{listed(tested, 30)}"
        )


def missing_weights(plan: CellPlan, cell: Cell) -> str:
    """Return why a finished cell cannot estimate images; empty if it can."""
    if WEIGHTS in cell.facts["sums"]:
        lost = not (cell.folder / WEIGHTS).exists()
    else:
        lost = plan.method.trained and not _learned_nothing(plan, cell)
    return "it was stored without weights; run the cell again" if lost else ""


def _learned_nothing(plan: CellPlan, cell: Cell) -> bool:
    """Return whether `fit` of a method without a network returned nothing to store."""
    # Before, what a closed form had learned was not counted.
    counted = cell.facts["configuration"]["engine"] >= COUNTED
    network = isinstance(plan.method, NetworkMethod)
    return counted and not network and cell.facts["parameters"] == 0


def reason_of(error: Exception) -> str:
    """Format an exception as a reason: the message of a request error, else `Type: message`."""
    return str(error) if isinstance(error, RequestError) else f"{type(error).__name__}: {error}"


def _grey_levels(image: Tensor, levels: int | None) -> np.ndarray:
    """Return an image in [0, 1] in 8-bit grey levels, rounded to whole ones of `levels` if any."""
    taken = image.float()
    # The order of the operations is that of the scoring, so that whole levels are exact.
    shown = torch.round(taken * levels) * (LEVELS / levels) if levels else taken * LEVELS
    found: np.ndarray = shown.cpu().numpy()
    return found
