"""Pairs of what a method sees and the truth that it is held against."""

from dataclasses import dataclass

from torch import Tensor

from benchmark.method import Method, Problem
from benchmark.metrics.psnr import psnr
from benchmark.protocols.degradation import Degradation
from benchmark.protocols.interpolation import upscale


@dataclass(frozen=True)
class Validation:
    """One held-out pair, (bands, rows, columns) each.

    Attributes:
        low: what the method sees.
        truth: what it should reach.
        interpolated: PSNR in dB of the up-scaled image alone, which a network has to beat.
    """

    low: Tensor
    truth: Tensor
    interpolated: float


def seen(method: Method, degradation: Degradation, truth: Tensor) -> Tensor:
    """Make what a method sees of a stored ground truth, (bands, rows, columns) float32."""
    low = degradation.low(truth)
    if method.sees == "decimated":
        return low
    return upscale(low, (truth.shape[1], truth.shape[2]))


def fitted(estimate: Tensor, truth: Tensor) -> Tensor:
    """Keep the first samples of an estimate that is larger than the truth.

    Raises:
        ValueError: it is smaller, or has other bands.
        TypeError: it is no tensor.
    """
    bands, rows, columns = truth.shape
    if not isinstance(estimate, Tensor):
        raise TypeError(f"the estimate is a {type(estimate).__name__}, expected a tensor")
    if (
        estimate.dim() != 3
        or estimate.shape[0] != bands
        or any(
            got < wanted for got, wanted in zip(estimate.shape[1:], (rows, columns), strict=True)
        )
    ):
        raise ValueError(
            f"the estimate has shape {tuple(estimate.shape)}, expected {(bands, rows, columns)}"
        )
    return estimate[:, :rows, :columns]


def validation_pair(truth: Tensor, method: Method, problem: Problem, size: int) -> Validation:
    """Make a held-out pair, cut to the middle `size` pixels (0 for all) of the degraded scene."""
    stored_truth = problem.degradation.store(truth)
    decimated = problem.degradation.low(stored_truth)
    interpolated = upscale(decimated, (truth.shape[1], truth.shape[2]))
    low, step = interpolated, 1
    if method.sees == "decimated":
        low, step = decimated, problem.scale
    for axis in (1, 2):
        length = truth.shape[axis]
        kept = min(size or length, length)
        first = (length - kept) // 2 // problem.scale * problem.scale
        stored_truth = stored_truth.narrow(axis, first, kept)
        interpolated = interpolated.narrow(axis, first, kept)
        low = low.narrow(
            axis, first // step, min(-(-kept // step), low.shape[axis] - first // step)
        )
    return Validation(low, stored_truth, psnr(interpolated, stored_truth, 1.0))
