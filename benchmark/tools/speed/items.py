"""What is measured: for each figure a call of the engine, and the request to the baseline."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
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
from benchmark.engine import seeding
from benchmark.engine.building import start
from benchmark.engine.device import Device
from benchmark.engine.tiling import run_network
from benchmark.engine.training.step import Step
from benchmark.method import METHODS, NetworkMethod, Problem, Recipe
from benchmark.metrics.scoring import score
from benchmark.protocols import catalogue
from benchmark.protocols.degradation import Degradation
from benchmark.tools.speed.baseline import PROTOCOL, SCALE, estimate, recipe_of, shrink
from benchmark.tools.speed.cost import peak_bytes
from benchmark.tools.speed.report import Row

# The baseline estimates two bands of an image by a band-wise method, and a corner of so many rows
# and columns at most; its time is scaled up.
BANDS, CORNER = 2, 512
BATCH = {"cpu": (64, 32), "cuda": (992, 32)}  # samples a step: single bands, cubes
_COUNTED = 64  # rows and columns that an estimate's operations are counted on


@dataclass
class Item:
    """One thing that is measured.

    Attributes:
        what: as in `Row`; so are `of`, `unit`, `memory` and `flops`.
        engine: does it once.
        request: to the baseline, as `baseline.main` takes it; empty without a baseline.
        part: of the work that one call of the baseline does.
        turns: how often it is measured.
        samples: of one call, for a rate; 0 for seconds.
        seconds: the engine's in each turn.
        baseline: the baseline's in each turn.
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


def training(method: NetworkMethod, bank: PatchBank, device: Device, turns: int) -> Item:
    """Measure training steps on patches of a bank."""
    label, batch = METHODS.label(method), BATCH[device.torch.type][not method.bandwise]
    recipe = recipe_of(method, batch)
    network = _network(method, _problem(bank.bands, bank.size, bank.size), recipe, device)
    plan = SamplingPlan(len(bank), bank.bands, batch, 10**9, 0, method.bandwise)
    batches = iter(PatchSampler(plan, 0))
    patches, bands = next(batches)
    inputs, truth = bank.batch(patches[:2], method.sees, None if bands is None else bands[:2])
    with FlopCounterMode(display=False) as counter:
        torch.autograd.backward(method.loss(network(inputs), truth))
    step = Step(method, device.place(network), bank, recipe, device)
    return Item(
        "train",
        label,
        lambda: step.take(*next(batches), recipe.rate),
        ("train", label, bank.bands, batch),
        turns=turns,
        samples=batch,
        unit="bands/s" if method.bandwise else "patches/s",
        flops=counter.get_total_flops() / 2,
    )


def inference(
    method: NetworkMethod, shape: tuple[int, int, int], device: Device, turns: int
) -> Item:
    """Measure the estimate of an image, (bands, rows, columns), by random weights."""
    label, problem, shrunk = METHODS.label(method), _problem(*shape), shrink(method)
    network = _network(method, problem, method.recipe, device)
    low = torch.rand(shape[0], *(size // shrunk for size in shape[1:]), device=device.torch)
    few = low[: BANDS if method.bandwise else None, : CORNER // shrunk, : CORNER // shrunk]
    corner = few[:, :_COUNTED, :_COUNTED]
    with FlopCounterMode(display=False) as counter:
        estimate(method, network, corner)
    device.place(network)

    def engine() -> Tensor:
        return run_network(method, network, low, problem, device)

    return Item(
        "infer",
        label,
        engine,
        ("infer", label, *few.shape),
        few.numel() / low.numel(),
        turns=turns,
        flops=counter.get_total_flops() * low.numel() / corner.numel(),
        memory=peak_bytes(engine, device.torch),
    )


def image(truth: Tensor, turns: int) -> list[Item]:
    """Measure the degradation of an image at all scales, and the metrics of a noisy estimate."""
    protocol, shape = catalogue.get(PROTOCOL), truth.shape
    scales = ", ".join(f"x{scale}" for scale in protocol.scales)
    degradations = [Degradation(protocol, scale) for scale in protocol.scales]
    noisy = (truth + torch.randn_like(truth) / 50).clamp(0, 1)

    def degrade() -> None:
        for one in degradations:
            one.low(truth)

    def scoring() -> None:
        score(noisy, truth, SCALE)

    return [
        Item("degrade", scales, degrade, ("degrade", *shape), turns=turns),
        Item("score", "PSNR SAM SSIM ERGAS", scoring, ("score", *shape), turns=turns),
    ]


def data(split: Split, folder: Path) -> list[Item]:
    """Measure preparing a data set's scenes in an empty folder, then opening and reading them.

    The baseline prepares the same scenes where they are PNG files.
    """
    dataset, root = split.dataset, split.wanted.root
    label, caches = DATASETS.label(dataset), itertools.count()
    scenes = (*split.train.names, *split.validation.names, *split.test.names)
    of = f"{label}, {len(scenes)} scenes"

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


def _problem(bands: int, rows: int, columns: int) -> Problem:
    return Problem(SCALE, bands, (rows, columns), Degradation(catalogue.get(PROTOCOL), SCALE))


def _network(method: NetworkMethod, problem: Problem, recipe: Recipe, device: Device) -> nn.Module:
    """Build a network on the device, its layers as the method wrote them."""
    with seeding.seeded(0, device.torch):
        return start(method, problem, recipe).to(device.torch)
