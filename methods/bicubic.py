"""Bicubic interpolation: the baseline of every table."""

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
    """The interpolated low-resolution image."""

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Return the input, which the engine has interpolated."""
        return low
