"""Differences of images in 8-bit grey levels, and the ranges in which they are shown."""

import math
from collections.abc import Iterable

import numpy as np

from benchmark.tools.images.model import psnr

_ROBUST = 99.0  # per cent of the pixels that a colour scale covers


def abs_error(estimate: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the absolute difference of two images in grey levels, as float32 of their shape."""
    error: np.ndarray = np.abs(estimate.astype(np.float32) - truth.astype(np.float32))
    return error


def psnr_of(error: np.ndarray) -> float:
    """Return the PSNR in dB of absolute errors in grey levels; inf if all are zero."""
    return psnr(float(np.mean(np.square(error, dtype=np.float64))))


def psnr_per_band(estimate: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the PSNR in dB of every band of a (bands, rows, columns) cube, as (bands,) float64."""
    return np.array([psnr_of(abs_error(*bands)) for bands in zip(estimate, truth, strict=True)])


def share_below(error: np.ndarray, level: float = 1.0) -> float:
    """Return the fraction of pixels, 0 to 1, whose absolute error is below a grey level."""
    return float(np.mean(error < level))


def share_within(error: np.ndarray, level: float) -> float:
    """Return the fraction of pixels, 0 to 1, whose absolute error is at most a grey level."""
    return float(np.mean(error <= level))


def share_above(images: Iterable[np.ndarray], end: float) -> float:
    """Return the fraction of all the images' pixels, 0 to 1, above the end of a range."""
    return float(np.mean(np.concatenate([np.ravel(image) > end for image in images])))


def common_range(images: Iterable[np.ndarray], least: int = 4) -> int:
    """Choose the grey level where one colour scale for several images ends.

    It is the 99th percentile of all their pixels together, so that a few bright pixels do not
    darken the rest.

    Args:
        images: absolute errors, or an image, in grey levels.
        least: the smallest end.
    """
    pooled = np.concatenate([np.ravel(image) for image in images])
    return max(least, math.ceil(float(np.percentile(pooled, _ROBUST))))
