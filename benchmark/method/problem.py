"""The super-resolution problem, as far as a method may know it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from benchmark.degradation.degradation import Degradation

# What a method learned: named tensors, which are stored with the cell.
State = Mapping[str, Tensor]

# The images that a method is given, by the names and in the order of `Method.inputs`.
Inputs = Mapping[str, Tensor]


def _no_means() -> Tensor:
    return torch.zeros(0)


@dataclass(frozen=True)
class Problem:
    """The part of the super-resolution problem that a method may know.

    Attributes:
        scale: the scale factor.
        bands: number of bands of the images; 1 for the network of a band-wise method.
        shape: (rows, columns) of the estimate; of the smallest training image while fitting.
        degradation: computes and upscales low-resolution images; its matrices, and its noise.
        seed: the cell's seed; a stochastic method draws all random numbers from `generator`.
        band_means: (bands,) float32, the means of the bands over the training images, when the
            network is built that is trained; zeros otherwise. A network keeps them as a buffer, so
            that they are stored with the weights.
    """

    scale: int
    bands: int
    shape: tuple[int, int]
    degradation: Degradation
    seed: int = 0
    band_means: Tensor = field(default_factory=_no_means, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Replace means that are not given, or not of these bands, by zeros."""
        if len(self.band_means) != self.bands:
            object.__setattr__(self, "band_means", torch.zeros(self.bands))

    def generator(self, device: torch.device | str = "cpu") -> torch.Generator:
        """Build a random generator with the cell's seed, on a device."""
        return torch.Generator(device).manual_seed(self.seed)
