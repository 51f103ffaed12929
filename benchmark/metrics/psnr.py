"""Peak signal-to-noise ratio, and the squared errors that it is computed from."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor


def psnr(estimate: Tensor, truth: Tensor, peak: float) -> float:
    """Compute the PSNR over the whole cube, 10 log10(peak^2 / MSE).

    This is Eq. 4 of Wang et al. (2017), with the square that is missing there.

    Args:
        estimate: (bands, rows, columns).
        truth: (bands, rows, columns), the same unit.
        peak: the largest possible value.

    Returns:
        dB; infinity for a perfect estimate.
    """
    return psnr_of_error(mean_squared_error(estimate, truth), peak)


def psnr_of_error(error: float, peak: float) -> float:
    """Compute the PSNR in dB from a mean squared error; infinity if that is 0."""
    return 10 * math.log10(peak**2 / error) if error > 0 else math.inf


def mean_squared_error(estimate: Tensor, truth: Tensor) -> float:
    """Compute the mean of the squared differences over the whole cube."""
    return float(band_errors(estimate, truth).mean())


def band_errors(estimate: Tensor, truth: Tensor) -> Tensor:
    """Compute the mean squared error of every band, (bands,) float64."""
    return torch.stack([mse_of_band(x, y) for x, y in paired_bands(estimate, truth)])


def mse_of_band(x: Tensor, y: Tensor) -> Tensor:
    """Compute the mean squared error of one band, a float64 scalar."""
    return (x - y).square_().mean()


def rmse(estimate: Tensor, truth: Tensor) -> float:
    """Compute the root mean squared error over the whole cube, in the cubes' unit."""
    return math.sqrt(mean_squared_error(estimate, truth))


def paired_bands(estimate: Tensor, truth: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield pairs of bands in float64; one at a time, they fit into the CPU's cache."""
    return ((x.double(), y.double()) for x, y in zip(estimate, truth, strict=True))
