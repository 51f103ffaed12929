"""Compute one cell: fit the method, estimate the test scenes, score the estimates."""

import csv
import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from benchmark.data.patches import PatchBank
from benchmark.engine.inference.estimation import (
    TrainingScenes,
    crop_to,
    estimator,
    method_inputs,
    surroundings,
)
from benchmark.engine.inference.returned import fitted
from benchmark.engine.machine import environment
from benchmark.engine.machine.device import Device
from benchmark.engine.scoring.clipping import Clipping
from benchmark.engine.scoring.scene import facts_of, score
from benchmark.engine.training.checkpoint import NullCheckpointer
from benchmark.engine.training.iterative import CellRun
from benchmark.engine.training.listener import ProgressListener, TrainingListener
from benchmark.engine.training.loop import Trained, TrainingTask
from benchmark.engine.training.rounding import rounded
from benchmark.engine.training.tuning import train_at_best_rate
from benchmark.engine.training.validation import validation_pair
from benchmark.execution.computation.pretrained import trained_before
from benchmark.execution.planning.plan import CellPlan
from benchmark.method import IterativeMethod, NetworkMethod, Problem, State
from benchmark.store import cells

# Name of the first stage of a method with a loop of its own.
_FIT = "fit"


def compute(
    plan: CellPlan,
    device: Device,
    listener: ProgressListener,
    checkpointer: NullCheckpointer,
    pretrained: cells.Cell | None = None,
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Compute a cell.

    The weights of a network are rounded to 16 bits before the test images are estimated, if the
    profile says so; the stored weights are those that were scored.

    Args:
        plan: the cell.
        device: where to compute.
        listener: receives training steps and test scenes.
        checkpointer: saves and loads the state of the training.
        pretrained: the same cell with its weights, which are scored without training.

    Returns:
        The measured part of `cell.json` (metrics, parameters, amount of training, times, memory,
        warnings), and the other files by name.

    Raises:
        Stopped: the checkpointer stopped the training.
        ValueError: an estimate has the wrong shape or is not finite.
        Exception: any other exception of the method.
    """
    problem = plan.problem()
    method = plan.method
    files: dict[str, bytes] = {}
    run = None
    if isinstance(method, NetworkMethod) and pretrained:
        trained = trained_before(pretrained, device)
        files["training.csv"] = (pretrained.folder / "training.csv").read_bytes()
    elif isinstance(method, NetworkMethod):
        trained = train_network(plan, device, listener, checkpointer)
        if plan.profile.half_weights:
            trained.state = rounded(trained.state)
        files["training.csv"] = csv_of(trained.history)
    else:
        if isinstance(method, IterativeMethod):
            run = CellRun(device, problem, listener, checkpointer)
        trained = _fit(plan, problem, device, run)
    clipping = Clipping()
    rows, seconds = _score(plan, problem, trained.state, device, listener, clipping, run)
    files["scores.csv"] = csv_of(rows)
    if trained.state:
        files[cells.WEIGHTS] = _tensors(trained.state)
    measured = {
        "metrics": facts_of(plan.protocol, plan.metrics),
        "parameters": trained.parameters,
        "training": _training_facts(trained) if trained.steps else None,
        "times": {
            "fit_s": None if pretrained else round(trained.seconds, 3),
            "upscale_s": round(seconds, 4),
        },
        "memory": {"peak_bytes": environment.peak_memory(device)},
        "resumed": trained.resumed,
        # Once each: those of a stored cell name the same clipped values.
        "warnings": list(dict.fromkeys(trained.warnings + clipping.warnings())),
    }
    return measured, files


def _fit(plan: CellPlan, problem: Problem, device: Device, run: CellRun | None) -> Trained:
    """Fit a method that is not trained by the engine's loop."""
    method = plan.method
    scenes = TrainingScenes(plan.split.train, problem.degradation, device)
    if run is not None and _FIT in run.completed:
        state, seconds = run.completed[_FIT]
        state = {name: tensor.to(device.torch) for name, tensor in state.items()}
    else:
        began = time.perf_counter()
        with surroundings(method, problem, device):
            if run is not None and isinstance(method, IterativeMethod):
                run.begin(_FIT)
                state = fitted(method.learn(scenes, problem, run))
            else:
                state = fitted(method.fit(scenes, problem))
        seconds = time.perf_counter() - began + (run.spent if run else 0.0)
        if run is not None and method.trained:
            run.finish([state, seconds])
    parameters = sum(tensor.numel() for tensor in state.values())
    resumed = 0 if run is None else run.resumed
    return Trained(state, parameters=parameters, seconds=seconds, resumed=resumed)


def train_network(
    plan: CellPlan, device: Device, listener: TrainingListener, checkpointer: NullCheckpointer
) -> Trained:
    """Train the network of a cell.

    Args:
        plan: the cell; its method is a `NetworkMethod`.
        device: where to train.
        listener: receives training steps and validations.
        checkpointer: saves and loads the state of the training.

    Raises:
        Stopped: the checkpointer stopped the training.
        TrainingError: the loss became NaN or infinite.
        TypeError: the method is not a `NetworkMethod`.
    """
    method, problem = plan.method, plan.problem()
    if not isinstance(method, NetworkMethod):
        raise TypeError(f"{method.name} is not a NetworkMethod")
    bank = PatchBank(
        plan.split.train,
        problem.degradation,
        count=plan.profile.patches,
        size=plan.profile.patch_size(method, problem.scale),
        seed=plan.address.seed,
        device=device.torch,
        augment=plan.profile.recipe(method).augment,
    )
    pairs = [
        validation_pair(truth.to(device.torch), method, problem, plan.profile.validation_size)
        for truth in plan.split.validation
    ]
    training = TrainingTask(method, problem, plan.profile, plan.address.seed, bank, pairs)
    return train_at_best_rate(training, device, listener, checkpointer)


def _training_facts(trained: Trained) -> dict[str, Any]:
    """Return how much training a network had, for `cell.json`; see `Trained`."""
    names = ["steps", "epochs", "batch", "share"]
    if trained.tuning:
        names += ["rate", "tuning"]
    return {name: getattr(trained, name) for name in names}


def _score(
    plan: CellPlan,
    problem: Problem,
    state: State,
    device: Device,
    listener: ProgressListener,
    clipping: Clipping,
    run: CellRun | None,
) -> tuple[list[dict[str, Any]], float]:
    """Score every test scene; return a row for each, and the mean seconds of an estimate."""
    estimate_scene = estimator(plan.method, problem, state, plan.profile, device, run)
    rows, seconds = [], 0.0
    for name, original in zip(plan.split.test.names, plan.split.test, strict=True):
        if run is not None and f"scene {name}" in run.completed:
            row, took, noted = run.completed[f"scene {name}"]
            rows.append(row)
            seconds += took
            clipping.restore(noted)
            continue
        listener.scene(name)
        truth = problem.degradation.crop(original.to(device.torch))
        shape = (truth.shape[1], truth.shape[2])
        stored = problem.degradation.store(truth)
        inputs = method_inputs(plan.method, problem.degradation, stored)
        if run is not None:
            run.begin(f"scene {name}")
        began = time.perf_counter()
        estimate = estimate_scene(inputs, replace(problem, shape=shape))
        if device.torch.type == "cuda":
            torch.cuda.synchronize(device.torch)
        took = time.perf_counter() - began + (run.spent if run else 0.0)
        seconds += took
        estimate = crop_to(estimate, truth)
        clip = plan.method.clips
        scores = score(estimate, truth, problem.scale, plan.protocol, plan.metrics, clip=clip)
        rows.append({"scene": name, **scores})
        if clip:
            clipping.add(estimate)
        if run is not None:
            run.finish([rows[-1], took, clipping.counts()])
    return rows, seconds / len(rows)


def csv_of(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Write rows with the same names as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _tensors(state: State) -> bytes:
    from safetensors.torch import save

    return save({name: tensor.cpu().contiguous() for name, tensor in state.items()})
