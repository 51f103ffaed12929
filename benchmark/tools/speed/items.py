"""The items to measure: for each a call of the engine and a request to the baseline."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import prod
from operator import truediv
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmark.data.cache import PreparedScenes, prepare
from benchmark.data.patches import PatchBank
from benchmark.data.sampler import PatchSampler, SamplingPlan
from benchmark.data.split import Split
from benchmark.dataset import DATASETS
from benchmark.engine.inference.building import problem_of_network, start
from benchmark.engine.inference.tiling import run_network
from benchmark.engine.machine import seeding
from benchmark.engine.machine.device import Device
from benchmark.engine.operations import multiplications_per_pixel
from benchmark.engine.scoring.scene import metrics_of, score
from benchmark.engine.training.checkpoint import NullCheckpointer
from benchmark.engine.training.listener import TrainingListener
from benchmark.engine.training.profiles import Profile
from benchmark.engine.training.step import Step
from benchmark.errors import counted
from benchmark.execution.evaluation import train_network
from benchmark.execution.plan import plan_cells
from benchmark.execution.request import Experiment
from benchmark.method import METHODS, NetworkMethod, Problem, Recipe
from benchmark.protocol import PROTOCOLS
from benchmark.tools.speed.baseline import PATCH, PROTOCOL, SCALE, SCALES, recipe_of, side
from benchmark.tools.speed.report import Row
from benchmark.tools.speed.resources import peak_bytes

# To save time, the baseline estimates a corner of an image, by a band-wise method two bands of it;
# its time is scaled up.
BANDS, CORNER = 2, 512
BATCH = {"cpu": (64, 32), "cuda": (992, 32)}  # samples per step: single bands, cubes

Shape = tuple[int, int, int]  # bands, rows, columns


@dataclass
class Item:
    """One item to measure, and its measurements.

    Attributes:
        what: as in `Row`, like `of`, `unit`, `memory` and `flops`.
        engine: the call to time.
        request: for `baseline.main`; empty without a baseline.
        part: the fraction of the work that one call of the baseline does.
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
    turns: int = 1
    samples: int = 0
    unit: str = "s"
    flops: float | None = None
    memory: int | None = None
    seconds: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)

    def row(self, peak: float) -> Row:
        """Return the medians over the turns; `peak` is the roofline's product in GFLOP/s."""
        taken, slow = median(self.seconds), [one / self.part for one in self.baseline]
        return Row(
            self.what,
            self.of,
            self._figure(taken),
            self.unit,
            self._figure(median(slow)) if slow else None,
            median(map(truediv, slow, self.seconds)) if slow else None,
            self.flops * max(1, self.samples) / taken / 1e9 / peak if self.flops else None,
            self.memory,
            self.flops,
        )

    def _figure(self, seconds: float) -> float:
        return self.samples / seconds if self.samples else seconds


def training(method: NetworkMethod, truth: Tensor, device: Device, turns: int) -> Item:
    """Measure training steps on patches of an image."""
    degradation, size = PROTOCOLS.make(PROTOCOL).degradation(SCALE), PATCH
    bank = PatchBank([truth], degradation, count=4096, size=size, seed=0, device=device.torch)
    label, batch = METHODS.label(method), BATCH[device.torch.type][not method.bandwise]
    recipe = recipe_of(method, batch)
    network, problem = _start(method, (bank.bands, size, size), recipe, device)
    problem = problem_of_network(method, problem)
    plan = SamplingPlan(len(bank), bank.bands, batch, 10**9, 0, method.bandwise)
    batches = iter(PatchSampler(plan, 0))
    patches, bands = next(batches)
    inputs, wanted = bank.batch(patches[:2], method.inputs, None if bands is None else bands[:2])
    with FlopCounterMode(display=False) as counter:
        output = network(*inputs.values())
        torch.autograd.backward(method.loss(output, wanted, inputs, problem))
    step = Step(method, problem, device.place(network), bank, recipe, device)
    return Item(
        "train",
        label,
        lambda: step.take(*next(batches), recipe.lr),
        ("train", label, bank.bands, batch),
        turns=turns,
        samples=batch,
        unit="bands/s" if method.bandwise else "patches/s",
        flops=counter.get_total_flops() / 2,
    )


def inference(method: NetworkMethod, shape: Shape, device: Device, turns: int) -> Item:
    """Measure the estimate of an image by random weights."""
    label = METHODS.label(method)
    network, problem = _start(method, shape, method.recipe, device)
    images = {
        name: torch.rand(shape[0], *(side(name, size) for size in shape[1:]), device=device.torch)
        for name in method.inputs
    }
    few = (BANDS if method.bandwise else shape[0], *(min(CORNER, size) for size in shape[1:]))
    # Two operations per multiplication, for every pixel of the estimate.
    pixels = shape[1] * shape[2] * (shape[0] if method.bandwise else 1)
    flops = 2 * pixels * multiplications_per_pixel(method, network, problem, PATCH)
    engine = partial(run_network, method, device.place(network), images, problem, device)
    return Item(
        "infer",
        label,
        engine,
        ("infer", label, *few),
        prod(few) / prod(shape),
        turns=turns,
        flops=flops,
        memory=peak_bytes(engine, device.torch),
    )


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
    method: NetworkMethod, shape: Shape, recipe: Recipe, device: Device
) -> tuple[nn.Module, Problem]:
    """Build a network on the device, with its layers unchanged."""
    bands, *size = shape
    problem = Problem(SCALE, bands, (size[0], size[1]), PROTOCOLS.make(PROTOCOL).degradation(SCALE))
    with seeding.seeded(0, device.torch):
        return start(method, problem, recipe).to(device.torch), problem
