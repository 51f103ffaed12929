"""The items to measure: for each a call of the engine and a request to the baseline."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import prod
from operator import truediv
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from torch import Tensor, nn

from benchmark.data.cache import PreparedScenes, prepare
from benchmark.data.patches import PatchBank
from benchmark.data.sampler import PatchSampler, SamplingPlan
from benchmark.data.split import Split
from benchmark.dataset import DATASETS
from benchmark.engine.inference.building import problem_of_network, start
from benchmark.engine.inference.tiling import run_network
from benchmark.engine.machine import seeding
from benchmark.engine.machine.device import Device
from benchmark.engine.operations import counter, multiplications_per_pixel
from benchmark.engine.scoring.scene import metrics_of, score
from benchmark.engine.training.checkpoint import NullCheckpointer
from benchmark.engine.training.listener import TrainingListener
from benchmark.engine.training.profiles import Profile
from benchmark.engine.training.step import Step
from benchmark.errors import counted
from benchmark.execution.computation.evaluation import train_network
from benchmark.execution.planning.plan import plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.method import METHODS, NetworkMethod, Problem, Recipe
from benchmark.protocol import PROTOCOLS
from benchmark.tools.speed.baseline import PATCH, PROTOCOL, SCALE, SCALES, recipe_of, side
from benchmark.tools.speed.report import Row
from benchmark.tools.speed.resources import peak_bytes

# To save time, the baseline estimates a corner of an image, by a band-wise method two bands of it;
# its time is scaled up. The corner is smaller than CORNER for networks that would take more
# operations for it than OPERATIONS.
BANDS, CORNER, SMALLEST = 2, 512, 64
# Samples per step: single bands, cubes; on a CPU fewer if a step would take more operations.
BATCH = {"cpu": (64, 32), "cuda": (992, 32)}
OPERATIONS = 400e9
# The engine estimates fewer bands, or a corner, of an image that would take more operations; its
# time is scaled up. An estimate that takes LONG seconds nevertheless is measured once, with its
# memory.
IMAGE_OPERATIONS, LONG = 2.5e12, 10.0

Shape = tuple[int, int, int]  # bands, rows, columns


@dataclass
class Item:
    """One item to measure, and its measurements.

    Attributes:
        what: as in `Row`, like `of`, `unit`, `memory` and `flops`.
        engine: the call to time.
        request: for `baseline.main`; empty without a baseline.
        part: the fraction of the work that one call of the baseline does.
        share: likewise of the engine.
        turns: the number of measurements.
        samples: per call, for a rate; 0 for seconds.
        seconds: of the engine, per turn.
        baseline: seconds of the baseline, per turn.
    """

    what: str
    of: str
    engine: Callable[[], object]
    request: tuple[object, ...] = ()
    part: float = 1.0
    share: float = 1.0
    turns: int = 1
    samples: int = 0
    unit: str = "s"
    flops: float | None = None
    memory: int | None = None
    seconds: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)

    def row(self, peak: float) -> Row:
        """Return the medians over the turns; `peak` is the roofline's product in GFLOP/s."""
        fast = [one / self.share for one in self.seconds]
        taken, slow = median(fast), [one / self.part for one in self.baseline]
        return Row(
            self.what,
            self.of,
            self._figure(taken),
            self.unit,
            self._figure(median(slow)) if slow else None,
            median(map(truediv, slow, fast)) if slow else None,
            self.flops * max(1, self.samples) / taken / 1e9 / peak if self.flops else None,
            self.memory,
            self.flops,
        )

    def _figure(self, seconds: float) -> float:
        return self.samples / seconds if self.samples else seconds


def training(
    method: NetworkMethod, truth: Tensor, device: Device, turns: int, scale: int = SCALE
) -> Item:
    """Measure training steps on patches of an image; the baseline has those of SCALE alone."""
    degradation, size = PROTOCOLS.make(PROTOCOL).degradation(scale), PATCH
    bank = PatchBank([truth], degradation, count=4096, size=size, seed=0, device=device.torch)
    label = METHODS.label(method)
    network, problem = _start(method, (bank.bands, size, size), recipe_of(method, 1), device, scale)
    problem = problem_of_network(method, problem)
    # Two samples, as a batch norm needs.
    several = torch.zeros(2, 1, dtype=torch.int64) if method.bandwise else None
    inputs, wanted = bank.batch(torch.arange(2), method.inputs, several)
    with counter() as counted_operations:
        output = network(*inputs.values())
        torch.autograd.backward(method.loss(output, wanted, inputs, problem))
    flops = counted_operations.get_total_flops() / 2
    batch = batch_size(flops, device, bandwise=method.bandwise)
    recipe = recipe_of(method, batch)
    plan = SamplingPlan(len(bank), bank.bands, batch, 10**9, 0, method.bandwise)
    batches = iter(PatchSampler(plan, 0))
    step = Step(method, problem, device.place(network), bank, recipe, device)

    def take() -> None:
        step.take(*next(batches), recipe.lr)

    return Item(
        "train",
        label,
        take,
        ("train", label, bank.bands, batch) if scale == SCALE else (),
        turns=turns,
        samples=batch,
        unit="bands/s" if method.bandwise else "patches/s",
        flops=flops,
        memory=peak_bytes(take, device.torch),
    )


def batch_size(flops: float, device: Device, *, bandwise: bool) -> int:
    """Return the samples of a step: as many as BATCH; on a CPU fewer for large networks.

    Args:
        flops: operations of one sample.
        device: where the step is taken.
        bandwise: True if a sample is a single band.
    """
    most = BATCH[device.torch.type][not bandwise]
    return max(2, min(most, int(OPERATIONS / flops))) if device.torch.type == "cpu" else most


def inference(
    method: NetworkMethod, shape: Shape, device: Device, turns: int, scale: int = SCALE
) -> Item:
    """Measure the estimate of an image by random weights; the baseline has SCALE alone."""
    label = METHODS.label(method)
    network, problem = _start(method, shape, method.recipe, device, scale)
    # Two operations per multiplication, for every pixel of the estimate; counted on a patch that
    # networks for low-resolution images of multiples of 16 do not pad.
    bands = shape[0] if method.bandwise else 1
    per_pixel = 2 * bands * multiplications_per_pixel(method, network, problem, 16 * scale)
    kept = (
        kept_of(shape, per_pixel, bandwise=method.bandwise) if device.torch.type == "cpu" else shape
    )
    images = {
        name: torch.rand(
            kept[0], *(side(name, size, scale) for size in kept[1:]), device=device.torch
        )
        for name in method.inputs
    }
    engine = partial(run_network, method, device.place(network), images, problem, device)
    few = BANDS if method.bandwise else shape[0]
    corner = corner_of(per_pixel * (BANDS / bands if method.bandwise else 1))
    part = (few, *(min(corner, size) for size in shape[1:]))
    began = perf_counter()
    memory = peak_bytes(engine, device.torch)
    taken = perf_counter() - began
    return Item(
        "infer",
        label,
        engine,
        ("infer", label, *part) if scale == SCALE else (),
        prod(part) / prod(shape),
        prod(kept) / prod(shape),
        turns=1 if taken > LONG else turns,
        flops=per_pixel * shape[1] * shape[2],
        memory=memory,
        seconds=[taken] if taken > LONG else [],
    )


def kept_of(shape: Shape, flops: float, *, bandwise: bool) -> Shape:
    """Return the part of an image that the engine estimates, of at most IMAGE_OPERATIONS.

    Args:
        shape: of the whole image.
        flops: operations for a pixel of the estimate, of all bands.
        bandwise: True keeps fewer bands, False a corner.
    """
    share = IMAGE_OPERATIONS / (flops * shape[1] * shape[2]) if flops else 1.0
    if share >= 1:
        return shape
    if bandwise:
        return max(BANDS, int(shape[0] * share)), shape[1], shape[2]
    rows, columns = (max(SMALLEST, int(size * share**0.5) // 16 * 16) for size in shape[1:])
    return shape[0], min(rows, shape[1]), min(columns, shape[2])


def corner_of(flops: float) -> int:
    """Return the rows and columns of the corner that the baseline estimates.

    Args:
        flops: operations for a pixel of the estimate.
    """
    side = int((3 * OPERATIONS / flops) ** 0.5) if flops else CORNER
    return max(SMALLEST, min(CORNER, side // SMALLEST * SMALLEST))


def image(truth: Tensor, turns: int) -> list[Item]:
    """Measure the degradation of an image at all scales, and the metrics of a noisy estimate."""
    protocol, shape = PROTOCOLS.make(PROTOCOL), truth.shape
    scales = ", ".join(f"x{scale}" for scale in SCALES)
    degradations = [protocol.degradation(scale) for scale in SCALES]
    noisy = (truth + torch.randn_like(truth) / 50).clamp(0, 1)
    metrics = metrics_of(protocol)
    names = ", ".join(metric.title for metric in metrics)
    scoring = partial(score, noisy, truth, SCALE, protocol, metrics)

    def degrade() -> None:
        for one in degradations:
            one.low(truth)

    return [
        Item("degrade", scales, degrade, ("degrade", *shape), turns=turns),
        Item("score", names, scoring, ("score", *shape), turns=turns),
    ]


def data(split: Split, folder: Path) -> list[Item]:
    """Measure preparing a data set's scenes in an empty folder, opening and reading them.

    The baseline prepares the same scenes if they are PNG files.
    """
    dataset, root = split.dataset, split.request.root
    label, caches = DATASETS.label(dataset), itertools.count()
    scenes = (*split.train.names, *split.validation.names, *split.test.names)
    of = f"{label}, {counted(len(scenes), 'scene')}"

    def opened(cache: int = 0) -> PreparedScenes:
        return prepare(dataset, label, root, scenes, folder / str(cache))

    def read() -> None:
        prepared = opened()
        for name in scenes:
            prepared.read(name)

    files = sorted(root.absolute().rglob("*.png"))
    images = [str(file) for file in files if file.name.startswith(scenes)]
    request = ("prepare", *images) if images else ()
    return [
        Item("prepare", of, lambda: opened(next(caches)), request),
        Item("open", of, opened),
        Item("read", of, read),
    ]


def accuracy(method: NetworkMethod, split: Split, profile: Profile, device: Device) -> Row:
    """Train a network as the engine does, and as the baseline: float32, layers unchanged.

    The patches and their order are the same. The row has the PSNR of both last validations in dB.
    """
    asked = Experiment(PROTOCOLS.make(PROTOCOL), profile, (SCALE,), (method,))
    (plan,) = plan_cells(split, asked)
    fast, plain = (
        train_network(plan, where, TrainingListener(), NullCheckpointer()).history[-1]["psnr"]
        for where in (device, _PlainDevice(device.torch, bfloat16=False))
    )
    return Row("train", f"{METHODS.label(method)}, {profile.name}", fast, "dB", plain)


class _PlainDevice(Device):
    def place(self, network: nn.Module) -> nn.Module:
        """Move a network to the device without changing its layers or memory layout."""
        return network.to(self.torch)


def _start(
    method: NetworkMethod, shape: Shape, recipe: Recipe, device: Device, scale: int
) -> tuple[nn.Module, Problem]:
    """Build a network on the device, with its layers unchanged."""
    bands, *size = shape
    problem = Problem(scale, bands, (size[0], size[1]), PROTOCOLS.make(PROTOCOL).degradation(scale))
    with seeding.seeded(0, device.torch):
        return start(method, problem, recipe).to(device.torch), problem
