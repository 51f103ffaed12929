"""Estimate the test scenes of a stored cell again, from its weights."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from safetensors.torch import load_file
from torch import Tensor

from benchmark.data.split import truth_of
from benchmark.dataset import Scene
from benchmark.engine.inference.estimation import crop_to, estimator, method_inputs
from benchmark.engine.machine.device import Device
from benchmark.execution.planning.plan import CellPlan
from benchmark.method import NetworkMethod, State
from benchmark.store.cells import WEIGHTS, Cell
from benchmark.store.remedies import GET_WEIGHTS

NO_WEIGHTS = f"it was stored without weights; {GET_WEIGHTS}"
COUNTED = 3  # the first version of the engine that counts what closed forms learn


@dataclass(frozen=True)
class Reestimate:
    """A test scene, estimated again.

    Attributes:
        scene: as prepared.
        truth: (bands, rows, columns) float32 in [0, 1], cropped and not rounded.
        stored: the ground truth as the protocol stores it.
        estimate: of the same shape; not clipped.
    """

    scene: Scene
    truth: Tensor
    stored: Tensor
    estimate: Tensor


def reestimate(
    plan: CellPlan, cell: Cell, device: Device, scenes: Sequence[str] = ()
) -> Iterator[Reestimate]:
    """Estimate test scenes of a finished cell with its stored weights.

    Args:
        plan: the cell, as planned now.
        cell: the same as stored, with `missing_weights` empty.
        device: where the estimates are computed.
        scenes: which test scenes; all if empty.

    Yields:
        The scenes in the order of the split, one at a time in memory.

    Raises:
        Exception: any exception of the method.
    """
    stored: State = {}
    if WEIGHTS in cell.facts["sums"]:
        stored = load_file(cell.folder / WEIGHTS)
    state = {name: tensor.to(device.torch) for name, tensor in stored.items()}
    problem = plan.problem()
    estimate_scene = estimator(plan.method, problem, state, plan.profile, device)
    for prepared, name in plan.split.test.entries:
        if scenes and name not in scenes:
            continue
        scene = prepared.read(name)
        truth = problem.degradation.crop(truth_of(scene).to(device.torch))
        kept = problem.degradation.store(truth)
        inputs = method_inputs(plan.method, problem.degradation, kept)
        shape = (truth.shape[1], truth.shape[2])
        estimate = crop_to(estimate_scene(inputs, replace(problem, shape=shape)), truth)
        yield Reestimate(scene, truth, kept, estimate)


def missing_weights(plan: CellPlan, cell: Cell) -> str:
    """Return why a finished cell cannot estimate images; empty if it can."""
    if WEIGHTS in cell.facts["sums"]:
        lost = not (cell.folder / WEIGHTS).exists()
    else:
        lost = plan.method.trained and not _learned_nothing(plan, cell)
    return NO_WEIGHTS if lost else ""


def _learned_nothing(plan: CellPlan, cell: Cell) -> bool:
    """Return whether `fit` of a method without a network returned nothing to store."""
    # Before, what a closed form had learned was not counted.
    counted = cell.facts["configuration"]["engine"] >= COUNTED
    network = isinstance(plan.method, NetworkMethod)
    return counted and not network and cell.facts["parameters"] == 0
