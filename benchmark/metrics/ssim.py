"""Structural similarity."""

import torch
from torch import Tensor

from benchmark.metrics.psnr import paired_bands


def ssim(estimate: Tensor, truth: Tensor, peak: float) -> float:
    """Compute the structural similarity, the mean over bands (Wang et al., TIP 2004).

    Gaussian window of 11 x 11 with sigma 1.5, K1 = 0.01, K2 = 0.03, population covariance; the
    mean leaves out the five outermost pixels, as scikit-image does. A window that is larger than
    the image shrinks to the largest odd size that fits.

    Args:
        estimate: (bands, rows, columns).
        truth: (bands, rows, columns), the same unit.
        peak: the largest possible value.

    Returns:
        At most 1, which a perfect estimate has.
    """
    weights = gaussian_window(truth)
    values = [ssim_of_band(x, y, weights, peak) for x, y in paired_bands(estimate, truth)]
    return sum(values) / len(values)


def gaussian_window(truth: Tensor) -> list[float]:
    """Compute the weights of the window along one axis; their sum is 1."""
    side = min(11, *(size - 1 + size % 2 for size in truth.shape[-2:]))
    offsets = torch.arange(side, dtype=torch.float64) - side // 2
    taps = torch.exp(-0.5 * (offsets / 1.5) ** 2)
    weights: list[float] = (taps / taps.sum()).tolist()
    return weights


def ssim_of_band(x: Tensor, y: Tensor, weights: list[float], peak: float) -> float:
    """Compute one band's SSIM from the sum s and the difference d of both images.

    As 4 xy = s^2 - d^2 and 2 (x^2 + y^2) = s^2 + d^2, four images are smoothed instead of five.
    """
    s, d = x + y, x - y
    mean_s, mean_d = _smooth(s, weights).square_(), _smooth(d, weights).square_()
    var_s = _smooth(s.square_(), weights).sub_(mean_s)
    var_d = _smooth(d.square_(), weights).sub_(mean_d)
    mean_s += 2 * (0.01 * peak) ** 2
    var_s += 2 * (0.03 * peak) ** 2
    above = (mean_s - mean_d).mul_(var_s - var_d)
    below = mean_s.add_(mean_d).mul_(var_s.add_(var_d))
    return float(above.div_(below).mean())


def _smooth(image: Tensor, weights: list[float]) -> Tensor:
    """Correlate both axes with the weights, without padding."""
    for axis in (0, 1):
        kept = image.shape[axis] - len(weights) + 1
        total = image.narrow(axis, 0, kept) * weights[0]
        for offset, weight in enumerate(weights[1:], start=1):
            total.add_(image.narrow(axis, offset, kept), alpha=weight)
        image = total
    return image
