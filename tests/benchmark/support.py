"""What the engine's tests share: a plain device, small profiles, networks of a few weights."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from hypothesis import settings
from torch import Tensor, nn

from benchmark.data.patches import PatchBank
from benchmark.data.split import SceneSet
from benchmark.engine.machine.device import Device
from benchmark.engine.scoring.scene import metrics_of, score
from benchmark.engine.training.listener import ProgressListener
from benchmark.execution.registries import REGISTRIES
from benchmark.method import METHODS, NetworkMethod, Problem
from benchmark.plugins.discovery import discover
from benchmark.protocol import PROTOCOLS, Protocol

discover(REGISTRIES)

CPU = Device(torch.device("cpu"), False)
EIGHT_BIT = PROTOCOLS.make("wang2017")
FLOAT = PROTOCOLS.make("wang2017-float")

# The step from 1 to the next float32; one rounding costs half of it, relative to the result.
EPS = float(torch.finfo(torch.float32).eps)

# The same examples every time, and none kept on disk.
examples = settings(max_examples=40, deadline=None, database=None, derandomize=True)


def problem(
    scale: int, bands: int, shape: tuple[int, int] = (48, 40), *, eight_bit: bool = True
) -> Problem:
    """Describe a task."""
    chosen = EIGHT_BIT if eight_bit else FLOAT
    return Problem(scale, bands, shape, chosen.degradation(scale))


def variant(protocol: Protocol, **declared: object) -> Protocol:
    """Return a protocol that declares something else under the same name."""
    cls: type[Protocol] = dataclass(frozen=True)(type("Variant", (type(protocol),), declared))
    return cls()


def scores_of(
    estimate: Tensor, truth: Tensor, scale: int, protocol: Protocol = EIGHT_BIT
) -> dict[str, float]:
    """Score an estimate by all metrics of a protocol."""
    return score(estimate, truth, scale, protocol, metrics_of(protocol))


def network_method(reference: str) -> NetworkMethod:
    """Build a method of the checkout that is a network."""
    method = METHODS.make(reference)
    assert isinstance(method, NetworkMethod)
    return method


def input_of(method: NetworkMethod, image: Tensor) -> dict[str, Tensor]:
    """Return an image as the one input of a method."""
    (name,) = method.inputs
    return {name: image}


def bank_of(
    scenes: SceneSet, scale: int, *, count: int = 24, size: int = 32, seed: int = 0
) -> PatchBank:
    """Draw patches under the default protocol, on the CPU."""
    degradation = EIGHT_BIT.degradation(scale)
    return PatchBank(
        scenes, degradation, count=count, size=size, seed=seed, device=torch.device("cpu")
    )


def batch_of(
    bank: PatchBank, patches: Tensor, name: str, bands: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Gather a batch of one input, and its ground truths."""
    inputs, truth = bank.batch(patches, [name], bands)
    return inputs[name], truth


def random(*shape: int, seed: int = 0) -> Tensor:
    """Draw uniform numbers in [0, 1), the same for the same seed."""
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def reordered(terms: int) -> float:
    """Bound the relative difference of two float32 sums of the same positive terms.

    Whatever the order, rounding errors are independent enough to grow with the square root of the
    number of terms (Higham and Mary, SIAM J. Sci. Comput. 41, 2019): half an `EPS` each, in both.
    """
    return math.sqrt(terms) * EPS


def exact(network: nn.Module) -> nn.Module:
    """Turn a network to float64, inputs included: the order of its sums no longer shows.

    The engine still rounds its output to float32 and computes the loss in it.
    """
    network.double().register_forward_pre_hook(lambda _, inputs: inputs[0].double())
    return network


@dataclass
class Recorder(ProgressListener):
    """A listener that records what its callbacks receive."""

    started_at: list[int] = field(default_factory=list)
    steps: list[tuple[int, int, float]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    psnr: list[float] = field(default_factory=list)
    scenes: list[str] = field(default_factory=list)

    def started(self, step: int, history: Sequence[Mapping[str, float]]) -> None:
        """Record the step."""
        self.started_at.append(step)

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Record everything."""
        self.steps.append((step, steps, loss))
        self.rates.append(lr)

    def validated(self, psnr: float) -> None:
        """Record the PSNR."""
        self.psnr.append(psnr)

    def scene(self, name: str) -> None:
        """Record the name."""
        self.scenes.append(name)


class SamePatches(PatchBank):
    """A bank whose every batch is one given pair, so that a training can be computed by hand."""

    def __init__(self, inputs: Tensor, truth: Tensor, count: int) -> None:
        self.inputs, self.truth, self.count = inputs, truth, count
        self.bands = truth.shape[1]

    def __len__(self) -> int:
        return self.count

    def batch(
        self, patches: Tensor, inputs: Sequence[str], bands: Tensor | None
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Return the pair, regardless of the arguments."""
        return {"upscaled": self.inputs}, self.truth

    def band_means(self) -> Tensor:
        """Return the means of the pair's truth."""
        return self.truth.mean((0, 2, 3))


class Gain(nn.Module):
    """A network of one weight: the input times it."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[start]]))

    def forward(self, x: Tensor) -> Tensor:
        """Map any shape to itself."""
        return x * self.weight


class Volume(nn.Module):
    """Convolutions over rows, columns and bands, with channel attention and layer norm."""

    def __init__(self, maps: int = 4) -> None:
        super().__init__()
        self.first = nn.Conv3d(1, maps, 3, padding=1)
        self.norm = nn.LayerNorm(maps)
        self.attention = nn.Sequential(
            nn.AdaptiveAvgPool3d(1), nn.Conv3d(maps, maps, 1), nn.Sigmoid()
        )
        self.last = nn.Conv3d(maps, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to the same size."""
        maps = self.norm(self.first(x[:, None]).movedim(1, -1)).movedim(-1, 1).relu()
        out: Tensor = x + self.last(maps * self.attention(maps))[:, 0]
        return out
