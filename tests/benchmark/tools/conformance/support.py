"""Methods for the tests, sound and faulty, and how their checks are run."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from benchmark.method import METHODS, Method, NetworkMethod, Problem, State
from benchmark.tools.conformance import Conformance


def checks_of(cls: type[Method], **facts: str) -> Conformance:
    """Register a method without parameters and return its checks."""
    facts = {"title": "Faulty", "paper": "Nobody, 2026", **facts}
    # A class becomes a dataclass once only: register a fresh one each time.
    fresh = type(cls.__name__, (cls,), {"__doc__": cls.__doc__})
    METHODS.register("faulty", **facts)(fresh)
    return Conformance(METHODS.make("faulty"))


def reason_of(cls: type[Method], check: str, **facts: str) -> str:
    """Run one check of a method, which must fail, and return the reason."""
    result = checks_of(cls, **facts).check(check)
    assert result.outcome == "failed", result
    return result.reason


class Sound(Method):
    """Returns its input."""

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        return low


class Layers(nn.Module):
    """The input plus a convolution of it."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(bands, bands, 5, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to the same size."""
        out: Tensor = x + self.layer(x)
        return out


class SoundNetwork(NetworkMethod):
    """Learns a convolution."""

    def network(self, bands: int, scale: int) -> nn.Module:
        return Layers(bands)


def network_of(forward: Callable[[Layers, Tensor], Any]) -> type[NetworkMethod]:
    """Return a method whose network's forward pass is this function."""

    class Changed(Layers):
        def forward(self, x: Tensor) -> Any:
            return forward(self, x)

    class Faulty(NetworkMethod):
        """Has a faulty network."""

        def network(self, bands: int, scale: int) -> nn.Module:
            return Changed(bands)

    return Faulty


def upscaling(upscale: Callable[[Tensor, Problem], Tensor]) -> type[Method]:
    """Return a method that learns nothing and estimates by this function."""

    class Faulty(Method):
        """Estimates badly."""

        def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
            return upscale(low, problem)

    return Faulty
