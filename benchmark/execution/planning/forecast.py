"""How long cells will take on this machine, before they run.

What networks compute is counted on a patch. How fast this machine computes it is measured in a
second: on convolutions, then on steps of the networks that take most of the time. Cells of the same
method that were stored on this machine before are better than both.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from benchmark import CHECKOUT
from benchmark.engine.inference.building import problem_of_network
from benchmark.engine.machine import environment, seeding
from benchmark.engine.machine.cpu import channels_last
from benchmark.engine.machine.device import Device
from benchmark.engine.operations import multiplications_of_layers
from benchmark.engine.training import muon, optimiser, tuning
from benchmark.errors import counted
from benchmark.execution.planning.plan import CellPlan
from benchmark.method import Method, NetworkMethod
from benchmark.store.cells import read

# Without a measurement: cells that take less by this many operations a second, a tenth of what two
# cores do, are not worth one.
_SLOW, SHORT = 20e9, 60.0
# Seconds that measuring may take, and layers that it is begun on: samples, channels, sides.
BUDGET = 1.0
_AT_LEAST, _MOST = 0.05, 20  # seconds and number of calls of a measurement
_PLANE, _VOLUME = (4, 64, 32, 32), (1, 16, 16, 24, 24)
# Of the cell of a method that computes little: its start, reading its scenes, storing it.
_START = 0.5
# Of scoring a value of a test image, by the metrics of a protocol; of a step beside the network.
_SCORING, _STEP = 4e-9, 1.5e-3
# Forward and backward, in units of the forward pass.
_TRAINING = 3
# Results that come with the suite, for methods without a network.
_PUBLISHED = CHECKOUT / "docs" / "results"


@dataclass(frozen=True)
class Work:
    """What the cell of a network computes.

    Attributes:
        steps: training steps, with those of trials.
        step: operations of one, forward and backward.
        update: operations of its optimiser, in float32.
        batch: images in one, of a band each for a band-wise network.
        estimates: operations of all estimates: validations and test images.
        values: of the test images, which are scored.
        volumes: True if the network has 3-D convolutions.
    """

    steps: int
    step: float
    update: float
    batch: int
    estimates: float
    values: float
    volumes: bool = False


@dataclass(frozen=True)
class Rates:
    """Operations a second: of training steps, and of estimates, which are in float32."""

    training: float
    estimating: float

    def seconds(self, work: Work) -> float:
        """Return the seconds that a cell of this work takes."""
        step = _STEP + work.step / self.training + work.update / self.estimating
        return (
            _START + work.steps * step + work.estimates / self.estimating + _SCORING * work.values
        )


@dataclass(frozen=True)
class Forecast:
    """How long cells take.

    Attributes:
        cells: seconds of each; None where nothing is known of it.
        jobs: number of cells that are computed at a time.
    """

    cells: Sequence[float | None]
    jobs: int = 1

    @property
    def seconds(self) -> float:
        """The seconds until the last cell has ended, of those of which something is known."""
        known = list(filter(None, self.cells))
        return max(sum(known) / self.jobs, *known, 0.0)

    def __str__(self) -> str:
        """Return "about 5 min"; an empty text if it is less than a minute, or not known."""
        if self.seconds < SHORT:
            return ""
        unknown = sum(one is None for one in self.cells)
        note = f" and {counted(unknown, 'cell')} of unknown length" if unknown else ""
        return duration(self.seconds) + note


def duration(seconds: float) -> str:
    """Write a time with one or two digits: "about 5 min", "about 12 h"."""
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"about {minutes} min"
    hours = round(seconds / 3600)
    return f"about {hours} h" if hours < 100 else f"about {round(hours / 24)} days"


def forecast(plans: Sequence[CellPlan], results: Path, device: Device, jobs: int = 1) -> Forecast:
    """Forecast how long cells take on a device, in a second or two.

    Networks of the suite alone are built for it: others are foreign code, which runs in worker
    processes only.

    Args:
        plans: the cells to run.
        results: the results folder, whose cells are taken into account.
        device: where to compute.
        jobs: number of cells at a time; each has the threads that torch has now.
    """
    known: dict[Method, tuple[int, float]] = {}
    works = [work_of(plan, known) for plan in plans]
    least = Rates(_SLOW, _SLOW)
    rates: Mapping[Method | bool, Rates] = {False: least, True: least}
    if sum(least.seconds(work) for work in works if work) > SHORT:
        rates = _measured(plans, works, device)
    machine = environment.processor()
    found: list[float | None] = []
    for plan, work in zip(plans, works, strict=True):
        stored = _stored(plan, results, machine, device)
        if stored is None and work is None and not isinstance(plan.method, NetworkMethod):
            stored = _stored(plan, _PUBLISHED)
        if stored is not None:
            found.append(_START + stored + _SCORING * _values(plan))
        else:
            chosen = work and rates.get(plan.method, rates[work.volumes])
            found.append(chosen.seconds(work) if work and chosen else None)
    return Forecast(found, jobs)


def work_of(plan: CellPlan, known: dict[Method, tuple[int, float]]) -> Work | None:
    """Count what the cell of a network computes; None for another method, or a foreign network.

    Args:
        plan: the cell.
        known: multiplications per pixel by method, each with its scale; extended here. Counting
            takes up to a second for a network, so that it is done at one scale, and those for
            low-resolution images are taken to need them for these.
    """
    method, problem, profile = plan.method, plan.problem(), plan.profile
    if not isinstance(method, NetworkMethod) or not type(method).__module__.startswith("methods."):
        return None
    recipe, size = profile.recipe(method), profile.patch_size(method, problem.scale)
    with seeding.seeded(0, torch.device("cpu")):
        network = method.network(problem_of_network(method, problem))
    if method not in known:
        known[method] = problem.scale, multiplications_of_layers(method, network, problem, size)
    scale, each = known[method]
    if method.inputs == ("low",):
        each *= (scale / problem.scale) ** 2
    images = problem.bands if method.bandwise else 1
    sampling = profile.sampling(method, profile.patches, problem.bands, lambda: each)
    steps = sampling.steps_per_epoch * sampling.epochs
    trials = len(tuning.FACTORS) if profile.chooses_rate else 0
    tried = round(steps * trials * profile.tuning_patches / profile.patches)
    batch = sampling.batch * (sampling.bands_per_patch or 1)
    longest = profile.validation_size
    held_out = sum(
        prod(min(longest or side, side) for side in shape[:2])
        for shape in plan.split.validation.shapes
    )
    validations = trials + min(profile.validations or recipe.epochs, steps)
    pixels = validations * held_out + sum(prod(shape[:2]) for shape in plan.split.test.shapes)
    return Work(
        steps + tried,
        _TRAINING * 2 * each * size**2 * batch,
        sum(map(muon.operations, optimiser.build(network, recipe))),
        batch,
        2 * each * images * pixels,
        _values(plan),
        any(isinstance(layer, nn.Conv3d) for layer in network.modules()),
    )


def _values(plan: CellPlan) -> int:
    return sum(map(prod, plan.split.test.shapes))


# Stored times


def _stored(
    plan: CellPlan, results: Path, machine: str | None = None, device: Device | None = None
) -> float | None:
    """Return the seconds that stored cells of the same table, method, scale and length took.

    Args:
        plan: the cell; any seed of it counts.
        results: the results folder.
        machine: the processor that they were computed on; None for any.
        device: likewise.
    """
    times = []
    for place in plan.address.folder(results).parent.glob("seed*"):
        cell = read(place)
        with suppress(KeyError, TypeError):  # another program may have written it
            # One without the seconds of a fit has weights that were trained elsewhere.
            if cell is None or cell.status != "done" or cell.facts["times"]["fit_s"] is None:
                continue
            facts, here = cell.facts, plan.configuration
            known = facts["environment"]
            if device and (known["processor"], known["device"]) != (machine, device.title):
                continue
            # Others do not depend on it.
            other = facts["configuration"]["profile"] != here["profile"]
            if other and isinstance(plan.method, NetworkMethod):
                continue
            images = len(facts["configuration"]["dataset"]["test"])
            times.append(facts["times"]["fit_s"] + facts["times"]["upscale_s"] * images)
    return median(times) if times else None


# Measurements


def _measured(
    plans: Sequence[CellPlan], works: Sequence[Work | None], device: Device
) -> dict[Method | bool, Rates]:
    """Measure rates within BUDGET: of 2-D and 3-D convolutions, and of the slowest networks.

    Returns:
        Rates by method, and by whether a network has 3-D convolutions.
    """
    deadline = time.perf_counter() + BUDGET
    known: dict[Method | bool, Rates] = {
        kind: _layer_rates(device, volumes=kind) for kind in (False, True)
    }
    slowest: dict[Method, tuple[float, CellPlan, Work]] = {}
    for plan, work in zip(plans, works, strict=True):
        if work:
            seconds, _, _ = slowest.get(plan.method, (0.0, plan, work))
            slowest[plan.method] = (seconds + known[work.volumes].seconds(work), plan, work)
    for _, plan, work in sorted(slowest.values(), key=lambda one: -one[0]):
        # Twice a step, and twice an estimate, which takes a third of the operations.
        layers = known[work.volumes]
        expected = 2 * (work.step / layers.training + work.step / _TRAINING / layers.estimating)
        if time.perf_counter() + expected < deadline:
            known[plan.method] = _network_rates(plan, work, device)
    return known


@cache
def _layer_rates(device: Device, *, volumes: bool) -> Rates:
    """Measure the rates of a small network."""
    shape, kind = (_VOLUME, nn.Conv3d) if volumes else (_PLANE, nn.Conv2d)
    channels = shape[1]
    with seeding.seeded(0, device.torch):
        first, second = (kind(channels, channels, 3, padding="same") for _ in range(2))
        network = device.place(nn.Sequential(first, nn.ReLU(), second))
        images = channels_last(torch.rand(shape, device=device.torch))
    forward = 4 * channels**2 * 3 ** len(shape[2:]) * shape[0] * prod(shape[2:])
    return _rates(network, (images,), lambda output: output, forward, device)


def _network_rates(plan: CellPlan, work: Work, device: Device) -> Rates:
    """Measure the rates of a network, on a batch of patches of its training."""
    method, problem = plan.method, plan.problem()
    if not isinstance(method, NetworkMethod):
        raise TypeError(f"{method.name} has no network")
    size = plan.profile.patch_size(method, problem.scale)
    channels, low = 1 if method.bandwise else problem.bands, -(-size // problem.scale)
    full = low * problem.scale if "low" in method.inputs else size
    with seeding.seeded(0, device.torch):
        network = device.place(method.network(problem_of_network(method, problem)))
        inputs = tuple(
            channels_last(torch.rand(work.batch, channels, side, side, device=device.torch))
            for side in (low if name == "low" else full for name in method.inputs)
        )
        return _rates(network, inputs, method.estimate, work.step / _TRAINING, device)


def _rates(
    network: nn.Module,
    inputs: Sequence[Tensor],
    estimate_of: Callable[[Any], Tensor],
    forward: float,
    device: Device,
) -> Rates:
    """Measure the rates of a network whose forward pass has a number of operations."""

    def step() -> None:
        with device.autocast():
            output = network(*inputs)
        torch.autograd.backward(estimate_of(output).float().square().mean())
        network.zero_grad()

    def estimate() -> None:
        with torch.no_grad(), device.full_precision():
            network(*inputs)

    training = _TRAINING * forward / _seconds(step, device)
    network.eval()
    return Rates(training, forward / _seconds(estimate, device))


def _seconds(call: Callable[[], None], device: Device) -> float:
    """Return the median seconds of a call, after one that is not counted."""
    taken: list[float] = []
    call()
    while not taken or (sum(taken) < _AT_LEAST and len(taken) < _MOST):
        began = time.perf_counter()
        call()
        if device.torch.type == "cuda":
            torch.cuda.synchronize(device.torch)
        taken.append(time.perf_counter() - began)
    return median(taken)
