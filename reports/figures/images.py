"""What a figure of images is drawn from, and how it is counted."""

import math
from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np

LEVELS = 255
_ROBUST = 99.0  # per cent of the pixels that a range of colours covers


class View(Protocol):
    """One test scene with the estimates of several methods; all images in 8-bit grey levels.

    Attributes:
        scene: its name.
        wavelengths: of the bands, in nm.
        truth: (bands, rows, columns) uint8, as scored.
        low: (bands, rows / scale, columns / scale) uint8.
        estimates: a method's label to (bands, rows, columns) uint8.
        left_out: a method's label to the reason why it has no estimate.
    """

    @property
    def scene(self) -> str:
        """Give the name."""

    @property
    def wavelengths(self) -> tuple[float, ...]:
        """Give nm, one a band."""

    @property
    def truth(self) -> np.ndarray:
        """Give the ground truth."""

    @property
    def low(self) -> np.ndarray:
        """Give the low-resolution image."""

    @property
    def estimates(self) -> Mapping[str, np.ndarray]:
        """Give the estimates."""

    @property
    def left_out(self) -> Mapping[str, str]:
        """Give the reasons."""


def nearest_band(wavelengths: Iterable[float], wanted: float) -> int:
    """Find the band whose wavelength is nearest to the one wanted, both in nm; the first of two."""
    return int(np.argmin(np.abs(np.fromiter(wavelengths, float) - wanted)))


def difference(estimate: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Give the absolute difference of two images in grey levels, as int16 of the same shape."""
    apart: np.ndarray = np.abs(estimate.astype(np.int16) - truth.astype(np.int16))
    return apart


def share_below(apart: np.ndarray, level: float = 1.0) -> float:
    """Count the part of the pixels, 0 to 1, whose absolute difference is below a grey level."""
    return float(np.mean(apart < level))


def psnr_of(apart: np.ndarray) -> float:
    """Give the PSNR in dB of absolute differences in grey levels; infinite where all are zero."""
    error = float(np.mean(np.square(apart, dtype=np.float64)))
    return 10 * math.log10(LEVELS**2 / error) if error > 0 else math.inf


def psnr_per_band(estimate: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Give the PSNR in dB of every band of a (bands, rows, columns) cube, as (bands,) float64."""
    pairs = zip(estimate, truth, strict=True)
    return np.array([psnr_of(difference(band, wanted)) for band, wanted in pairs])


def common_range(images: Iterable[np.ndarray], least: int = 4) -> int:
    """Choose the grey level where one colour scale for several images ends.

    It is the 99th percentile of all their pixels together, so that a few bright ones do not
    make the rest dark.

    Args:
        images: absolute differences, or an image, in grey levels.
        least: the range is never shorter.
    """
    pooled = np.concatenate([np.ravel(image) for image in images])
    return max(least, math.ceil(float(np.percentile(pooled, _ROBUST))))


def share_above(images: Iterable[np.ndarray], end: float) -> float:
    """Count the part of all the images' pixels, 0 to 1, that lies above the end of a range."""
    return float(np.mean(np.concatenate([np.ravel(image) > end for image in images])))
