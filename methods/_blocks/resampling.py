"""The operators of a protocol inside a network: between its two image sizes."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmark.method import Problem
from methods._blocks.precision import full_precision


class Resampling(nn.Module):
    """Enlarge and reduce images by the matrices of a degradation, in float32 or better.

    It has no weights. The matrices depend on the size of the images, and each is moved to the
    images' device once.

    Args:
        problem: its scale and its degradation are used.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.scale = problem.scale
        self.degradation = problem.degradation
        self._matrices: dict[tuple[object, ...], Tensor] = {}

    def enlarge(self, images: Tensor) -> Tensor:
        """Interpolate (batch, bands, rows, columns) to `scale` times the rows and columns."""
        operator = self.degradation.up_axis
        rows, columns = (
            self._matrix(operator, size * self.scale, images) for size in images.shape[-2:]
        )
        return _apply(rows, images, columns)

    def reduce(self, images: Tensor) -> Tensor:
        """Compute low-resolution images; `scale` divides the rows and columns of `images`."""
        operator = self.degradation.axis
        rows, columns = (self._matrix(operator, size, images) for size in images.shape[-2:])
        return _apply(rows, images, columns)

    def _matrix(self, operator: Callable[[int], Tensor], size: int, images: Tensor) -> Tensor:
        dtype = torch.promote_types(images.dtype, torch.float32)
        key = (operator.__name__, size, images.device, dtype)
        if key not in self._matrices:
            self._matrices[key] = operator(size).to(images.device, dtype)
        return self._matrices[key]


def _apply(rows: Tensor, images: Tensor, columns: Tensor) -> Tensor:
    with full_precision(images.device):  # half precision is coarser than the grey levels
        return rows @ images.to(rows.dtype) @ columns.T
