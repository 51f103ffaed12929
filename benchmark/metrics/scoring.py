"""Scores of an estimate against the ground truth, on any device, accumulated in float64.

All metrics are computed in one pass over the bands. None is NaN: a perfect estimate has PSNR
infinity and SAM 0.
"""

import math

import torch
from torch import Tensor

from benchmark.metrics.ergas import ergas_of_errors
from benchmark.metrics.psnr import mse_of_band, psnr_of_error
from benchmark.metrics.sam import SpectralAngles
from benchmark.metrics.ssim import gaussian_window, ssim_of_band

METRICS = ("psnr", "sam", "sam_float", "ssim", "ergas", "rmse")


def score(estimate: Tensor, truth: Tensor, scale: int) -> dict[str, float]:
    """Score one scene: round both cubes to 8 bit, then compute all metrics.

    Args:
        estimate: (bands, rows, columns), any real floating-point type; taken as float32, and
            clipped to [0, 1].
        truth: the ground truth, unrounded, in [0, 1], of the same shape.
        scale: the scale factor, for ERGAS.

    Returns:
        psnr in dB, sam in degrees, sam_float in degrees (without rounding), ssim, ergas, rmse in
        8-bit grey levels, skipped (number of pixels left out of sam: those that are zero in the
        truth's every band after rounding).

    Raises:
        ValueError: the shapes differ, or the estimate is not finite or not real floating-point.
    """
    if estimate.shape != truth.shape:
        raise ValueError(
            f"the estimate has shape {tuple(estimate.shape)}, expected {tuple(truth.shape)}"
        )
    if not estimate.is_floating_point():
        raise ValueError(
            f"the values of the estimate are {estimate.dtype}, expected floating-point numbers "
            "from 0 to 1"
        )
    # If a value is NaN, both extremes are.
    if not all(math.isfinite(extreme) for extreme in torch.aminmax(estimate)):
        raise ValueError("the estimate contains NaN or infinity")
    errors, means, structure = [], [], []
    angles, float_angles = SpectralAngles(truth), SpectralAngles(truth)
    weights = gaussian_window(truth)
    # All metrics of a band at once, while it is in the CPU's cache.
    for band, original in zip(estimate, truth, strict=True):
        # Narrower types would round the grey levels, and squares of float64 could underflow.
        clipped = band.clamp(0, 1).float()
        float_angles.add(clipped.double(), original.double())
        x, y = (torch.round(image * 255).double() for image in (clipped, original))
        angles.add(x, y)
        errors.append(mse_of_band(x, y))
        means.append(y.mean())
        structure.append(ssim_of_band(x, y, weights, 255))
    error = float(torch.stack(errors).mean())
    angle, skipped = angles.mean()
    return {
        "psnr": psnr_of_error(error, 255),
        "sam": angle,
        "sam_float": float_angles.mean()[0],
        "ssim": sum(structure) / len(structure),
        "ergas": ergas_of_errors(torch.stack(errors), torch.stack(means), scale),
        "rmse": math.sqrt(error),
        "skipped": float(skipped),
    }
