"""Scores of an estimate against the ground truth, on any device, accumulated in float64.

All cubes are (bands, rows, columns). `score` is what the suite reports; the others are the
measures themselves. None returns NaN: a perfect estimate has PSNR infinity and SAM 0.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

METRICS = ("psnr", "sam", "sam_float", "ssim", "ergas", "rmse")


def psnr(estimate: Tensor, truth: Tensor, peak: float) -> float:
    """Peak signal-to-noise ratio in dB over the whole cube: 10 log10(peak^2 / MSE).

    Wang et al. (2017), Eq. 4, with the square that the equation misses.
    """
    return _psnr(mean_squared_error(estimate, truth), peak)


def _psnr(error: float, peak: float) -> float:
    return 10 * math.log10(peak**2 / error) if error > 0 else math.inf


def mean_squared_error(estimate: Tensor, truth: Tensor) -> float:
    """Mean of the squared differences over the whole cube."""
    return float(band_errors(estimate, truth).mean())


def band_errors(estimate: Tensor, truth: Tensor) -> Tensor:
    """Give the mean squared error of every band, (bands,) float64."""
    return torch.stack([_error(x, y) for x, y in _bands(estimate, truth)])


def _error(x: Tensor, y: Tensor) -> Tensor:
    return (x - y).square_().mean()


def rmse(estimate: Tensor, truth: Tensor) -> float:
    """Root mean squared error over the whole cube, in the cubes' unit."""
    return math.sqrt(mean_squared_error(estimate, truth))


def sam(estimate: Tensor, truth: Tensor) -> tuple[float, int]:
    """Spectral angle mapper in degrees, the mean over pixels (Wang et al. 2017, Eq. 5).

    Returns:
        The mean angle, and how many pixels were skipped because a spectrum is zero in every band
        on either side. With every pixel skipped the angle is 0 if both cubes are zero, else 90.
    """
    angles = _Angles(truth)
    for x, y in _bands(estimate, truth):
        angles.add(x, y)
    return angles.mean()


class _Angles:
    """Sums that spectral angles are made of, band by band."""

    def __init__(self, truth: Tensor) -> None:
        size = truth.shape[1:]
        self._sums = torch.zeros(3, *size, dtype=torch.float64, device=truth.device)

    def add(self, x: Tensor, y: Tensor) -> None:
        for total, (a, b) in zip(self._sums, ((x, x), (y, y), (x, y)), strict=True):
            total.addcmul_(a, b)

    def mean(self) -> tuple[float, int]:
        xx, yy, xy = self._sums
        # Of equal spectra the three sums are equal, and so is the root: their cosine is 1 exactly.
        norms = (xx * yy).sqrt_()
        kept = norms > 0
        skipped = int((~kept).sum())
        if skipped == kept.numel():
            return (0.0 if bool((xx == yy).all()) else 90.0), skipped
        angles = (xy / norms).clamp_(-1, 1).acos_()
        mean = (angles if not skipped else angles[kept]).mean()
        return math.degrees(float(mean)), skipped


def ssim(estimate: Tensor, truth: Tensor, peak: float) -> float:
    """Structural similarity, the mean over bands (Wang et al., TIP 2004).

    Gaussian window of 11 x 11 with sigma 1.5, K1 = 0.01, K2 = 0.03, population covariance; the
    mean leaves out the five outermost pixels, as scikit-image does. A window that is larger than
    the image shrinks to the largest odd size that fits.
    """
    weights = _window(truth)
    values = [_ssim_band(x, y, weights, peak) for x, y in _bands(estimate, truth)]
    return sum(values) / len(values)


def _window(truth: Tensor) -> list[float]:
    side = min(11, *(size - 1 + size % 2 for size in truth.shape[-2:]))
    offsets = torch.arange(side, dtype=torch.float64) - side // 2
    taps = torch.exp(-0.5 * (offsets / 1.5) ** 2)
    weights: list[float] = (taps / taps.sum()).tolist()
    return weights


def _ssim_band(x: Tensor, y: Tensor, weights: list[float], peak: float) -> float:
    """Give one band's SSIM by the sum s and the difference d of both images.

    With 4 xy = s^2 - d^2 and 2 (x^2 + y^2) = s^2 + d^2, four smoothed images do for five.
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
    means = torch.stack([y.mean() for _, y in _bands(estimate, truth)])
    return _ergas(band_errors(estimate, truth), means, scale)


def _ergas(errors: Tensor, means: Tensor, scale: int) -> float:
    kept = means > 0
    if not bool(kept.any()):
        return 0.0
    relative = errors[kept] / means[kept] ** 2
    return 100 / scale * math.sqrt(float(relative.mean()))


def _bands(estimate: Tensor, truth: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Give the bands of both in float64: one at a time they stay in the processor's cache."""
    return ((x.double(), y.double()) for x, y in zip(estimate, truth, strict=True))


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
    angles, float_angles, weights = _Angles(truth), _Angles(truth), _window(truth)
    # All of a band at once, while it is in the processor's cache.
    for band, original in zip(estimate, truth, strict=True):
        clipped = band.clamp(0, 1)
        float_angles.add(clipped.double(), original.double())
        x, y = (torch.round(image * 255).double() for image in (clipped, original))
        angles.add(x, y)
        errors.append(_error(x, y))
        means.append(y.mean())
        structure.append(_ssim_band(x, y, weights, 255))
    error = float(torch.stack(errors).mean())
    angle, skipped = angles.mean()
    return {
        "psnr": _psnr(error, 255),
        "sam": angle,
        "sam_float": float_angles.mean()[0],
        "ssim": sum(structure) / len(structure),
        "ergas": _ergas(torch.stack(errors), torch.stack(means), scale),
        "rmse": math.sqrt(error),
        "skipped": float(skipped),
    }
