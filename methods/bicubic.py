"""Bicubic interpolation: the baseline of every table."""

from torch import Tensor

from benchmark.method import Method, Problem, State, parameter, register


@register(
    "bicubic",
    title="Bicubic",
    paper="Keys, IEEE TASSP 1981: cubic convolution, as the protocol computes it",
    published="Bicubic",
    year="1981",
    bibtex="""
    @article{keys1981cubic,
      author = {Keys, Robert G.}, year = {1981},
      title = {Cubic Convolution Interpolation for Digital Image Processing},
      journal = {IEEE Transactions on Acoustics, Speech, and Signal Processing},
      volume = {29}, number = {6}, pages = {1153--1160}, doi = {10.1109/TASSP.1981.1163711}
    }
    """,
)
class Bicubic(Method):
    """The upscaled low-resolution image."""

    clip: bool = parameter(
        default=True, help="clip to [0, 1] before scoring; papers without rounding often do not"
    )

    @property
    def clips(self) -> bool:
        """False scores what interpolation makes of values near 0 and 1."""
        return self.clip

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Return the input, which the engine has upscaled."""
        return low
