"""Valid methods pass every check that applies, whatever features they have."""

import sys
from pathlib import Path

import pytest

from benchmark.method import METHODS, Method
from benchmark.plugins.discovery import load
from benchmark.tools.conformance import CHECKS, Conformance, Result
from tests.benchmark.tools.conformance.methods.support import Sound, SoundNetwork, checks_of

# Methods that pass every check, with features that a careless check would reject.
VALID = '''
"""Six valid methods."""

from collections.abc import Iterable
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import (
    IterativeMethod, Method, NetworkMethod, Problem, Run, State, parameter, register
)


@register("noisy", title="Noisy", paper="Author, 2026")
class Noisy(NetworkMethod):
    """Batch norm, dropout, two outputs while training, and the decimated image."""

    inputs = ("low",)
    rate: float = parameter(default=0.5, help="of the dropout", low=0, high=0.9)
    kind: str = parameter(default="relu", help="activation", choices=("relu", "tanh"))

    def network(self, problem: Problem) -> nn.Module:
        """Build the network."""
        return nn.Sequential(
            nn.Conv2d(problem.bands, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(inplace=True) if self.kind == "relu" else nn.Tanh(),
            nn.Dropout(self.rate),
            nn.Conv2d(16, problem.bands * problem.scale**2, 3, padding=1),
            nn.PixelShuffle(problem.scale),
        )


class Hourglass(nn.Module):
    """One level down and up again, padded to an even size; tied first and last weights."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(bands, 8, 3, padding=1, stride=2)
        self.last = nn.ConvTranspose2d(8, bands, 3, padding=1, output_padding=1, stride=2)
        self.last.weight = self.first.weight

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor] | Tensor:
        """Map (batch, bands, rows, columns) to the same size."""
        rows, columns = x.shape[-2:]
        padded = functional.pad(x, (0, columns % 2, 0, rows % 2), mode="replicate")
        y = x + self.last(self.first(padded).relu())[..., :rows, :columns]
        return (x, y) if self.training else y


@register("hourglass", title="Hourglass", paper="Author, 2026")
class Whole(NetworkMethod):
    """A network that cannot work in tiles, band by band."""

    bandwise = True

    def network(self, problem: Problem) -> nn.Module:
        """Build the network."""
        return Hourglass(problem.bands)


@register("lottery", title="Lottery", paper="Author, 2026")
class Lottery(Method):
    """Draws from a seeded generator, and learns a mean spectrum."""

    def fit(self, scenes: Iterable[Tensor], problem: Problem) -> State:
        """Learn."""
        generator = torch.Generator().manual_seed(5)
        mean = torch.stack([scene.mean(dim=(1, 2)) for scene in scenes]).mean(dim=0)
        noise = torch.rand(len(mean), generator=generator).to(mean.device)
        return {"mean": mean + 0.01 * noise}

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Mix."""
        return 0.9 * low + 0.1 * state["mean"].to(low.device)[:, None, None]


class TwoImages(nn.Module):
    """Details of the low-resolution image, added to the upscaled one; centred by the means."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.register_buffer("means", problem.band_means[:, None, None])
        self.details = nn.Sequential(
            nn.Conv2d(problem.bands, problem.bands * problem.scale**2, 3, padding=1),
            nn.PixelShuffle(problem.scale),
        )

    def forward(self, low: Tensor, upscaled: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to the size of the upscaled image."""
        return upscaled + self.details(low - self.means)


@register("two_images", title="Two images", paper="Author, 2026")
class TwoImagesMethod(NetworkMethod):
    """A network of both images with a training step of its own; refuses a scale of 8."""

    inputs = ("low", "upscaled")

    def refusal(self, problem: Problem) -> str:
        """Refuse what it cannot compute."""
        return "needs a scale up to 4" if problem.scale > 4 else ""

    def network(self, problem: Problem) -> nn.Module:
        """Build the network."""
        return TwoImages(problem)

    def training_step(self, forward, inputs, truth, problem):
        """Compare averages too."""
        output = forward(inputs)
        error = functional.avg_pool2d(output - truth, problem.scale)
        return self.loss(output, truth, inputs, problem) + error.abs().mean()


@register("descent", title="Descent", paper="Author, 2026")
class Descent(IterativeMethod):
    """Adds noise to the upscaled image and descends on the low-resolution error."""

    inputs = ("low", "upscaled")

    def reconstruct(self, inputs, problem: Problem, state: State, run: Run) -> Tensor:
        """Take two steps."""
        rows, columns = (problem.degradation.axis(size).float() for size in problem.shape)
        start = inputs["upscaled"][:, : problem.shape[0], : problem.shape[1]]
        made = start + 0.01 * torch.randn(start.shape, generator=run.generator, device=run.device)
        for step in (1, 2):
            error = rows @ made @ columns.T - inputs["low"]
            made = made - rows.T @ error @ columns
            run.step(step, 2, error.square().mean(), dict)
        return made


@register("differences", title="Differences", paper="Author, 2026")
class Differences(NetworkMethod):
    """Filters between neighbouring bands; declares what it cannot do."""

    expected_failures: ClassVar = {"bands-1": "one band has no neighbour"}

    def network(self, problem: Problem) -> nn.Module:
        """Build the network."""
        if problem.bands < 2:
            raise ValueError("needs two bands")
        return nn.Conv2d(problem.bands, problem.bands, 3, padding=1, groups=1)
'''


@pytest.fixture(autouse=True)
def clean(registries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what a test registers; leave no compiled files."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


VALID_NAMES = (
    *("noisy", "noisy[rate=0,kind=tanh]", "hourglass", "lottery"),
    *("two_images", "descent"),
)


@pytest.mark.parametrize("name", VALID_NAMES)
def test_a_valid_method_passes_every_check_that_applies(name: str, tmp_path: Path) -> None:
    (tmp_path / "valid.py").write_text(VALID)
    load(tmp_path / "valid.py", METHODS)
    results = list(Conformance(METHODS.make(name)))
    assert [result.name for result in results] == list(CHECKS)
    assert [str(result) for result in results if not result.good] == []
    skipped = {result.name for result in results if result.outcome == "skipped"}
    network_only = {"batch-of-one-equals-many", "tiles-equal-whole", "loss-goes-down"}
    network_only |= {"gradients-everywhere", "gradients-finite"}
    possible = {
        "lottery": network_only,
        "descent": network_only,
        "hourglass": {"tiles-equal-whole"},
        "two_images": {"shape-x8"},
    }.get(name, set())
    assert skipped - {"cpu-equals-cuda"} == possible


@pytest.mark.parametrize("cls", [Sound, SoundNetwork])
def test_the_base_classes_of_faulty_methods_are_sound(cls: type[Method]) -> None:
    """Otherwise a faulty method might fail for another reason."""
    bad = {result.name for result in checks_of(cls) if not result.good}
    assert bad == {"specification"}  # its class cannot be imported


def test_a_declared_failure_is_shown_with_both_reasons(tmp_path: Path) -> None:
    (tmp_path / "valid.py").write_text(VALID)
    load(tmp_path / "valid.py", METHODS)
    results = {result.name: result for result in Conformance(METHODS.make("differences"))}
    assert results["bands-1"] == Result(
        "bands-1",
        "expected failure",
        "one band has no neighbour (x2: ValueError: needs two bands)",
    )
    assert {result.outcome for result in results.values()} - {"passed", "skipped"} == {
        "expected failure"
    }
