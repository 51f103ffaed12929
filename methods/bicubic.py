"""Bicubic interpolation: what every method has to beat."""

from torch import Tensor

from benchmark.method import Method, Problem, State, register


@register(
    "bicubic",
    title="Bicubic",
    paper="Keys, IEEE TASSP 1981: cubic convolution, a = -0.75",
    published="Bicubic",
    year="1981",
)
class Bicubic(Method):
    """Give back the up-scaled low-resolution image as it is."""

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Return the input; the protocol's own interpolation made it."""
        return low
