"""Scores of an estimate against the ground truth, on any device, accumulated in float64.

All cubes are (bands, rows, columns). `score` is what the suite reports; the others are the
measures themselves. None returns NaN: a perfect estimate has PSNR infinity and SAM 0.
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
    """Score one scene: both cubes to 8 bit, then the measures.

    Args:
        estimate: (bands, rows, columns), any float; clipped to [0, 1] here.
        truth: the ground truth as the data set has it, unrounded, in [0, 1].
        scale: the factor, for ERGAS.

    Returns:
        psnr in dB, sam in degrees, sam_float in degrees (nothing rounded on either side), ssim,
        ergas, rmse in 8-bit grey levels, skipped (pixels left out of sam).

    Raises:
        ValueError: the shapes differ, or the estimate is not finite.
    """
    if estimate.shape != truth.shape:
        raise ValueError(
            f"the estimate has shape {tuple(estimate.shape)}, expected {tuple(truth.shape)}"
        )
    # Neither extreme is finite where a value is NaN.
    if not all(math.isfinite(extreme) for extreme in torch.aminmax(estimate)):
        raise ValueError("the estimate holds NaN or infinity")
    errors, means, structure = [], [], []
    angles, float_angles, weights = (
        SpectralAngles(truth),
        SpectralAngles(truth),
        gaussian_window(truth),
    )
    # All of a band at once, while it is in the processor's cache.
    for band, original in zip(estimate, truth, strict=True):
        clipped = band.clamp(0, 1)
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
