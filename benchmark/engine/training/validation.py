"""Validation pairs: inputs of a method, and ground truths."""

from dataclasses import dataclass

from torch import Tensor

from benchmark.method import Inputs, Method, Problem
from benchmark.metrics.psnr import PSNR


@dataclass(frozen=True)
class Validation:
    """One held-out pair of images, (bands, rows, columns) each.

    Attributes:
        inputs: what the method is given.
        truth: the ground truth.
        interpolated: PSNR in dB of the interpolated image, the baseline of networks.
    """

    inputs: Inputs
    truth: Tensor
    interpolated: float


def validation_pair(truth: Tensor, method: Method, problem: Problem, size: int) -> Validation:
    """Compute a validation pair from a scene.

    Args:
        truth: (bands, rows, columns) float32 in [0, 1], neither cropped nor rounded.
        method: its `inputs` are used.
        problem: scale and degradation.
        size: rows and columns of the centre crop; 0 keeps the whole scene.
    """
    stored_truth = problem.degradation.ground_truth(truth)
    rows, columns = stored_truth.shape[1:]
    low = problem.degradation.low(stored_truth)
    interpolated = problem.degradation.upscale(low, (rows, columns))
    both = len(method.inputs) > 1
    upscaled = problem.degradation.extend(interpolated) if both else interpolated
    for axis in (1, 2):
        length = stored_truth.shape[axis]
        kept = min(size or length, length)
        first = (length - kept) // 2 // problem.scale * problem.scale
        start = first // problem.scale
        samples = min(-(-kept // problem.scale), low.shape[axis] - start)
        stored_truth = stored_truth.narrow(axis, first, kept)
        interpolated = interpolated.narrow(axis, first, kept)
        upscaled = upscaled.narrow(axis, first, samples * problem.scale if both else kept)
        low = low.narrow(axis, start, samples)
    images = {"low": low, "upscaled": upscaled}
    inputs = {name: images[name] for name in method.inputs}
    return Validation(inputs, stored_truth, PSNR()(interpolated, stored_truth))
