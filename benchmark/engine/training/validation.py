"""Validation pairs: inputs of a method, and ground truths."""

from dataclasses import dataclass

from torch import Tensor

from benchmark.method import Method, Problem
from benchmark.metrics.psnr import PSNR


@dataclass(frozen=True)
class Validation:
    """One held-out pair, (bands, rows, columns) each.

    Attributes:
        low: the method's input.
        truth: the ground truth.
        interpolated: PSNR in dB of the interpolated image, the baseline of networks.
    """

    low: Tensor
    truth: Tensor
    interpolated: float


def validation_pair(truth: Tensor, method: Method, problem: Problem, size: int) -> Validation:
    """Compute a validation pair from a scene.

    Args:
        truth: (bands, rows, columns) float32 in [0, 1], neither cropped nor rounded.
        method: its `sees` is used.
        problem: scale and degradation.
        size: rows and columns of the centre crop; 0 keeps the whole scene.
    """
    stored_truth = problem.degradation.ground_truth(truth)
    rows, columns = stored_truth.shape[1:]
    decimated = problem.degradation.low(stored_truth)
    interpolated = problem.degradation.upscale(decimated, (rows, columns))
    low, step = interpolated, 1
    if method.sees == "decimated":
        low, step = decimated, problem.scale
    for axis in (1, 2):
        length = stored_truth.shape[axis]
        kept = min(size or length, length)
        first = (length - kept) // 2 // problem.scale * problem.scale
        stored_truth = stored_truth.narrow(axis, first, kept)
        interpolated = interpolated.narrow(axis, first, kept)
        low = low.narrow(
            axis, first // step, min(-(-kept // step), low.shape[axis] - first // step)
        )
    return Validation(low, stored_truth, PSNR()(interpolated, stored_truth))
