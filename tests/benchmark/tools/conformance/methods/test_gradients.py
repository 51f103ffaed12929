"""Checks of gradients: each detects its faults, and its reason describes them."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark.method import NetworkMethod, Problem
from tests.benchmark.tools.conformance.methods.support import (
    Layers,
    SoundNetwork,
    checks_of,
    faulty,
    network_of,
    reason_of,
)

Loss = Callable[..., Tensor]


class Spare(Layers):
    """Has a layer that does nothing, or that nothing comes out of."""

    def __init__(self, bands: int, gain: float | None) -> None:
        super().__init__(bands)
        self.spare = nn.Conv2d(bands, bands, 1)
        self.gain = gain

    def forward(self, x: Tensor) -> Tensor:
        """Map any shape to itself."""
        return super().forward(x) + (0 if self.gain is None else self.gain * self.spare(x))


@pytest.mark.parametrize("gain", [None, 0.0])
def test_a_parameter_without_a_gradient_is_named(gain: float | None) -> None:
    cls = faulty(SoundNetwork, network=lambda _self, problem: Spare(problem.bands, gain))
    assert reason_of(cls, "gradients-everywhere") == (
        "no gradient reaches spare.weight, spare.bias, neither at first nor after 20 steps; "
        "use them in `forward`, or leave them out"
    )


def test_many_parameters_without_a_gradient_are_counted() -> None:
    cls = network_of(lambda layers, x: x * layers.layer.bias[0] + 1)
    reason = reason_of(cls, "gradients-everywhere")
    assert reason.startswith("no gradient reaches layer.weight, neither at first nor after 20")

    def network(_self: object, problem: Problem) -> nn.Module:
        made = Layers(problem.bands)
        made.more = nn.ModuleList(nn.Linear(1, 1) for _ in range(3))
        return made

    reason = reason_of(faulty(SoundNetwork, network=network), "gradients-everywhere")
    assert reason.startswith("no gradient reaches more.0.weight, more.0.bias, more.1.weight and 3 ")


class Zeros(nn.Module):
    """Two layers, of which the last starts at zero: the first has no gradient at the start."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.first, self.last = (nn.Conv2d(bands, bands, 1) for _ in range(2))
        for parameter in self.last.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Map any shape to itself."""
        out: Tensor = x + self.last(self.first(x))
        return out


def frozen(bands: int) -> nn.Module:
    """Make a network with a parameter that is not to be trained."""
    made = Layers(bands)
    made.fixed = nn.Parameter(torch.zeros(1), requires_grad=False)
    return made


@pytest.mark.parametrize("build", [Zeros, frozen])
def test_parameters_that_learn_later_or_never_may_be(build: Callable[[int], nn.Module]) -> None:
    cls = faulty(SoundNetwork, network=lambda _self, problem: build(problem.bands))
    assert checks_of(cls).check("gradients-everywhere").outcome == "passed"


def root(_self: NetworkMethod, output: Tensor, truth: Tensor, *_: Any) -> Tensor:
    """Compute the root of the mean squared error, whose slope at zero is infinite."""
    return (output - truth).square().mean().sqrt()


def relative(_self: NetworkMethod, output: Tensor, truth: Tensor, *_: Any) -> Tensor:
    """Divide the error by the truth."""
    return ((output - truth).square().mean(dim=(1, 2, 3)) / truth.mean(dim=(1, 2, 3))).mean()


def angle(_self: NetworkMethod, output: Tensor, truth: Tensor, *_: Any) -> Tensor:
    """Compute the mean angle of spectra, protected where the truth is black only."""
    dot = (output * truth).sum(dim=1)
    norms = output.square().sum(dim=1).sqrt() * truth.square().sum(dim=1).clamp_min(1e-9).sqrt()
    cosine = (dot / norms.clamp_min(1e-9)).clamp(-1 + 1e-6, 1 - 1e-6)
    return cosine.arccos().mean() + (output - truth).abs().mean()


SLOPE = "the gradient of layer.weight, layer.bias is not finite"


@pytest.mark.parametrize(
    ("loss", "reason"),
    [
        (relative, "the loss is inf for black patches"),
        (root, f"{SLOPE} for an estimate equal to the ground truth"),
        (angle, f"{SLOPE} for a black estimate of black patches"),
    ],
)
def test_a_loss_that_is_not_defined_everywhere(loss: Loss, reason: str) -> None:
    assert reason_of(faulty(SoundNetwork, loss=loss), "gradients-finite") == reason


def test_a_network_that_divides_by_what_is_rounded_away_in_bfloat16() -> None:
    def forward(layers: Layers, x: Tensor) -> Tensor:
        change: Tensor = layers.layer(x)
        almost = 1 - 1e-4 * torch.ones((), dtype=change.dtype)
        out: Tensor = x + change / (1 - almost) / 1e4
        return out

    found = reason_of(network_of(forward), "gradients-finite")
    assert found.endswith("for black patches, in bfloat16")


def test_a_training_step_of_its_own_is_what_is_checked() -> None:
    def training_step(
        _self: NetworkMethod, forward: Callable[..., Any], inputs: Any, truth: Tensor, _: Problem
    ) -> Tensor:
        out: Tensor = (forward(inputs) - truth).square().mean().sqrt()
        return out

    cls = faulty(SoundNetwork, training_step=training_step)
    assert "for an estimate equal to the ground truth" in reason_of(cls, "gradients-finite")
