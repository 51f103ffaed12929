"""Scores of an estimate against the ground truth, on any device, accumulated in float64.

All cubes are (bands, rows, columns). `score` is what the suite reports; the others are the
measures themselves. None returns NaN: a perfect estimate has PSNR infinity and SAM 0.
"""

import math

import torch
from torch import Tensor

METRICS = ("psnr", "sam", "sam_float", "ssim", "ergas", "rmse")


def psnr(estimate: Tensor, truth: Tensor, peak: float) -> float:
    """Peak signal-to-noise ratio in dB over the whole cube: 10 log10(peak^2 / MSE).

    Wang et al. (2017), Eq. 4, with the square that the equation misses.
    """
    error = mean_squared_error(estimate, truth)
    return 10 * math.log10(peak**2 / error) if error > 0 else math.inf


def mean_squared_error(estimate: Tensor, truth: Tensor) -> float:
    """Mean of the squared differences over the whole cube."""
    return float((estimate.double() - truth.double()).square().mean())


def rmse(estimate: Tensor, truth: Tensor) -> float:
    """Root mean squared error over the whole cube, in the cubes' unit."""
    return math.sqrt(mean_squared_error(estimate, truth))


def sam(estimate: Tensor, truth: Tensor) -> tuple[float, int]:
    """Spectral angle mapper in degrees, the mean over pixels (Wang et al. 2017, Eq. 5).

    Returns:
        The mean angle, and how many pixels were skipped because a spectrum is zero in every band
        on either side. With every pixel skipped the angle is 0 if both cubes are zero, else 90.
    """
    x, y = (cube.double().flatten(1) for cube in (estimate, truth))
    norms = x.norm(dim=0) * y.norm(dim=0)
    kept = norms > 0
    skipped = int((~kept).sum())
    if skipped == kept.numel():
        return (0.0 if bool((x == y).all()) else 90.0), skipped
    cosine = ((x * y).sum(dim=0) / norms)[kept].clamp(-1, 1)
    cosine[(x == y).all(dim=0)[kept]] = 1  # not 1e-16 less: the angle would be 1e-6 degrees
    return float(torch.rad2deg(torch.acos(cosine)).mean()), skipped


def ssim(estimate: Tensor, truth: Tensor, peak: float) -> float:
    """Structural similarity, the mean over bands (Wang et al., TIP 2004).

    Gaussian window of 11 x 11 with sigma 1.5, K1 = 0.01, K2 = 0.03, population covariance; the
    mean leaves out the five outermost pixels, as scikit-image does. A window that is larger than
    the image shrinks to the largest odd size that fits.
    """
    side = min(11, *(size - 1 + size % 2 for size in truth.shape[-2:]))
    offsets = torch.arange(side, dtype=torch.float64) - side // 2
    taps = torch.exp(-0.5 * (offsets / 1.5) ** 2)
    weights = (taps / taps.sum()).tolist()
    # Band by band: the maps of one band stay in the processor's cache.
    bands = zip(estimate, truth, strict=True)
    values = [_ssim_band(x.double(), y.double(), weights, peak) for x, y in bands]
    return sum(values) / len(values)


def _ssim_band(x: Tensor, y: Tensor, weights: list[float], peak: float) -> float:
    mean_x, mean_y = _smooth(x, weights), _smooth(y, weights)
    var_x = _smooth(x * x, weights) - mean_x**2
    var_y = _smooth(y * y, weights) - mean_y**2
    cov = _smooth(x * y, weights) - mean_x * mean_y
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    value = ((2 * mean_x * mean_y + c1) * (2 * cov + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    )
    return float(value.mean())


def _smooth(image: Tensor, weights: list[float]) -> Tensor:
    """Correlate both axes with the weights where they lie wholly inside the image."""
    for axis in (0, 1):
        kept = image.shape[axis] - len(weights) + 1
        total = image.narrow(axis, 0, kept) * weights[0]
        for offset, weight in enumerate(weights[1:], start=1):
            total.add_(image.narrow(axis, offset, kept), alpha=weight)
        image = total
    return image


def ergas(estimate: Tensor, truth: Tensor, scale: int) -> float:
    """Relative dimensionless global error: 100 / s sqrt(mean_b(MSE_b / mean_b^2)) (Wald 2000).

    Bands that are zero throughout the truth have no relative error and are left out.
    """
    x, y = estimate.double().flatten(1), truth.double().flatten(1)
    means = y.mean(dim=1)
    kept = means > 0
    if not bool(kept.any()):
        return 0.0
    relative = (x - y).square().mean(dim=1)[kept] / means[kept] ** 2
    return 100 / scale * math.sqrt(float(relative.mean()))


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
    if not bool(torch.isfinite(estimate).all()):
        raise ValueError("the estimate holds NaN or infinity")
    clipped = estimate.clamp(0, 1)
    x, y = torch.round(clipped * 255), torch.round(truth * 255)
    angle, skipped = sam(x, y)
    return {
        "psnr": psnr(x, y, 255),
        "sam": angle,
        "sam_float": sam(clipped, truth)[0],
        "ssim": ssim(x, y, 255),
        "ergas": ergas(x, y, scale),
        "rmse": rmse(x, y),
        "skipped": float(skipped),
    }
