"""ERGAS, the relative dimensionless global error."""

import math

import torch
from torch import Tensor

from benchmark.metrics.psnr import band_errors, paired_bands


def ergas(estimate: Tensor, truth: Tensor, scale: int) -> float:
    """Compute ERGAS, 100 / s sqrt(mean_b(MSE_b / mean_b^2)) (Wald 2000).

    Bands that are zero throughout the truth have no relative error and are left out.

    Args:
        estimate: (bands, rows, columns).
        truth: (bands, rows, columns), the same unit.
        scale: the scale factor s.

    Returns:
        0 or more, without unit; 0 for a perfect estimate.
    """
    means = torch.stack([y.mean() for _, y in paired_bands(estimate, truth)])
    return ergas_of_errors(band_errors(estimate, truth), means, scale)


def ergas_of_errors(errors: Tensor, means: Tensor, scale: int) -> float:
    """Compute ERGAS from the bands' mean squared errors and means, (bands,) each."""
    kept = means > 0
    if not bool(kept.any()):
        return 0.0
    relative = errors[kept] / means[kept] ** 2
    return 100 / scale * math.sqrt(float(relative.mean()))
