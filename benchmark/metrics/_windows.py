"""Structural similarity of one band, by windows of given weights."""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor


def side_of(window: int, shape: Sequence[int]) -> int:
    """Return the side of a window, or the largest odd side that fits into a smaller image."""
    return min(window, *(size - 1 + size % 2 for size in shape))


@lru_cache(maxsize=8)
def gaussian(side: int) -> tuple[float, ...]:
    """Compute the weights of a Gaussian window (sigma 1.5) along one axis; their sum is 1."""
    offsets = torch.arange(side, dtype=torch.float64) - side // 2
    taps = torch.exp(-0.5 * (offsets / 1.5) ** 2)
    return tuple((taps / taps.sum()).tolist())


def similarity(
    x: Tensor, y: Tensor, weights: Sequence[float], peak: float, *, covariance: float = 1.0
) -> Tensor:
    """Compute one band's SSIM (Wang et al., TIP 2004, Eq. 13), the mean over windows.

    The sum s and the difference d of both images are used: as 4 xy = s^2 - d^2 and
    2 (x^2 + y^2) = s^2 + d^2, four images are smoothed instead of five.

    Args:
        x: (rows, columns) float64.
        y: (rows, columns) float64.
        weights: of the window along one axis; only windows inside the image are used.
        peak: the largest possible value.
        covariance: factor of variances and covariance, n / (n - 1) for sample covariance.

    Returns:
        A scalar, at most 1.
    """
    s, d = x + y, x - y
    mean_s, mean_d = _smooth(s, weights).square_(), _smooth(d, weights).square_()
    var_s = _smooth(s.square_(), weights).sub_(mean_s)
    var_d = _smooth(d.square_(), weights).sub_(mean_d)
    if covariance != 1:
        var_s, var_d = var_s.mul_(covariance), var_d.mul_(covariance)
    mean_s += 2 * (0.01 * peak) ** 2
    var_s += 2 * (0.03 * peak) ** 2
    above = (mean_s - mean_d).mul_(var_s - var_d)
    below = mean_s.add_(mean_d).mul_(var_s.add_(var_d))
    return above.div_(below).mean()


def _smooth(image: Tensor, weights: Sequence[float]) -> Tensor:
    """Correlate both axes with the weights, without padding."""
    for axis in (0, 1):
        kept = image.shape[axis] - len(weights) + 1
        total = image.narrow(axis, 0, kept) * weights[0]
        for offset, weight in enumerate(weights[1:], start=1):
            total.add_(image.narrow(axis, offset, kept), alpha=weight)
        image = total
    return image
