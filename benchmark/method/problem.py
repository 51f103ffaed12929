"""The super-resolution problem, as far as a method may know it."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.degradation.degradation import Degradation

# What a method learned: named tensors, which are stored with the cell.
State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Problem:
    """The part of the super-resolution problem that a method may know.

    Attributes:
        scale: the scale factor.
        bands: number of bands of the images.
        shape: (rows, columns) of the estimate; of the smallest training image while fitting.
        degradation: computes and upscales low-resolution images; its matrices, and its noise.
        seed: the cell's seed; a stochastic method draws all random numbers from `generator`.
    """

    scale: int
    bands: int
    shape: tuple[int, int]
    degradation: Degradation
    seed: int = 0

    def generator(self, device: torch.device | str = "cpu") -> torch.Generator:
        """Build a random generator with the cell's seed, on a device."""
        return torch.Generator(device).manual_seed(self.seed)
