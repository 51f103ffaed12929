"""Recompute the estimates of a stored cell from its weights, for figures and the report page."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmark.engine.machine.device import Device
from benchmark.errors import RequestError, listed
from benchmark.execution.computation.reestimation import missing_weights, reestimate
from benchmark.execution.planning.plan import CellPlan
from benchmark.execution.planning.status import status_of
from benchmark.tools.images.model import LEVELS, View


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
    degradation, levels = plan.problem().degradation, plan.protocol.scored_levels
    for one in reestimate(plan, status.cell, device, scenes):
        made = one.estimate.clamp(0, 1) if plan.method.clips or levels else one.estimate
        yield View(
            scene=one.scene.name,
            wavelengths=one.scene.wavelengths,
            truth=_grey_levels(one.truth, levels),
            low=_grey_levels(degradation.low(one.stored), degradation.stored_levels),
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


def _grey_levels(image: Tensor, levels: int | None) -> np.ndarray:
    """Return an image in [0, 1] in 8-bit grey levels, rounded to whole ones of `levels` if any."""
    taken = image.float()
    # The order of the operations is that of the scoring, so that whole levels are exact.
    shown = torch.round(taken * levels) * (LEVELS / levels) if levels else taken * LEVELS
    found: np.ndarray = shown.cpu().numpy()
    return found
