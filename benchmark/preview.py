"""A preview: the window of a test scene with most detail, in 8 bit."""

from dataclasses import dataclass

import numpy as np

from benchmark.recall import Recalled

OVERVIEW = 160  # pixels of the longer side, at most


@dataclass(frozen=True)
class Preview:
    """A window of one test scene, as a cell saw, estimated and should have estimated it.

    Attributes:
        wavelengths: (bands,) in nm.
        shape: (rows, columns) of the whole scene.
        corner: (row, column) of the window's first pixel.
        truth: (bands, window rows, window columns) uint8 grey levels.
        low: (bands, rows, columns) uint8, those low-resolution pixels that touch the window.
        estimate: uint8, like `truth`.
        error: (bands,) mean squared error over the whole scene, in squared grey levels.
        overview: (bands, rows, columns) uint8, the whole truth made small by averaging.
    """

    wavelengths: np.ndarray
    shape: np.ndarray
    corner: np.ndarray
    truth: np.ndarray
    low: np.ndarray
    estimate: np.ndarray
    error: np.ndarray
    overview: np.ndarray


def preview_of(made: Recalled, scale: int, size: int) -> Preview:
    """Cut the window with most detail out of a recalled scene.

    Args:
        made: the whole scene.
        scale: how much smaller the low-resolution image is.
        size: rows and columns of the window.
    """
    truth, low = made.truth, made.low
    top, left = corner_of_detail(truth, size)
    rows, columns = (min(size, length) for length in truth.shape[1:])
    window = (slice(None), slice(top, top + rows), slice(left, left + columns))
    # Low-resolution pixel i is the sample at s * i and stands for s pixels from there on.
    small = (
        slice(None),
        slice(top // scale, (top + rows - 1) // scale + 1),
        slice(left // scale, (left + columns - 1) // scale + 1),
    )
    difference = made.estimate.astype(np.float32) - made.truth
    return Preview(
        wavelengths=np.asarray(made.wavelengths),
        shape=np.array(truth.shape[1:]),
        corner=np.array((top, left)),
        truth=truth[window],
        low=low[small],
        estimate=made.estimate[window],
        error=np.square(difference).mean(axis=(1, 2), dtype=np.float64),
        overview=_shrunk(truth),
    )


def corner_of_detail(truth: np.ndarray, size: int) -> tuple[int, int]:
    """Find the window with the largest sum of differences between neighbouring pixels.

    Args:
        truth: (bands, rows, columns).
        size: rows and columns of the window.

    Returns:
        Its first row and column; windows start at every eighth of their size.
    """
    mean = truth.mean(axis=0, dtype=np.float64)
    detail = np.zeros_like(mean)
    detail[1:] += np.abs(np.diff(mean, axis=0))
    detail[:, 1:] += np.abs(np.diff(mean, axis=1))
    sums = np.pad(detail.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    rows, columns = (min(size, length) for length in mean.shape)
    whole = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns]
    whole += sums[:-rows, :-columns]
    step = max(size // 8, 1)
    coarse = whole[::step, ::step]
    row, column = np.unravel_index(int(coarse.argmax()), coarse.shape)
    return int(row) * step, int(column) * step


def _shrunk(cube: np.ndarray) -> np.ndarray:
    """Average blocks of pixels, so that the longer side has `OVERVIEW` pixels or fewer."""
    block = -(-max(cube.shape[1:]) // OVERVIEW)
    bands, rows, columns = cube.shape
    rows, columns = rows // block, columns // block
    cut = cube[:, : rows * block, : columns * block]
    blocks = cut.reshape(bands, rows, block, columns, block)
    small: np.ndarray = blocks.mean(axis=(2, 4), dtype=np.float32).round().astype(np.uint8)
    return small
