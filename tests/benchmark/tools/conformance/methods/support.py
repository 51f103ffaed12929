"""Sound and faulty methods for the tests, and functions to run their checks."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from benchmark.method import METHODS, Method, NetworkMethod, Problem, State
from benchmark.tools.conformance import Conformance


def checks_of(cls: type[Method], **facts: str) -> Conformance:
    """Register a method without parameters and return its checks."""
    facts = {"title": "Faulty", "paper": "Author, 2026", **facts}
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

    def network(self, problem: Problem) -> nn.Module:
        return Layers(problem.bands)


def faulty(base: type[Method] = Sound, **members: Any) -> type[Method]:
    """Return a sound method with some members replaced."""
    return type("Faulty", (base,), {"__doc__": "Is faulty.", **members})


def network_of(forward: Callable[[Any, Tensor], Any]) -> type[Method]:
    """Return a method whose network has this forward pass."""
    layers = type("Changed", (Layers,), {"forward": forward})
    return faulty(SoundNetwork, network=lambda _self, problem: layers(problem.bands))


def upscaling(upscale: Callable[[Tensor, Problem], Tensor]) -> type[Method]:
    """Return a method that learns nothing and estimates by this function."""
    return faulty(upscale=lambda _self, low, problem, _state: upscale(low, problem))
