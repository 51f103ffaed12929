"""What figures and the report page are given: images as numpy arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.store.address import Address


@dataclass(frozen=True)
class View:
    """One test scene with the estimates of several methods; all images in 8-bit grey levels.

    Attributes:
        scene: its name.
        wavelengths: of the bands, in nm.
        truth: (bands, rows, columns) uint8, as scored.
        low: (bands, rows / scale, columns / scale) uint8, the low-resolution image.
        estimates: a method's label to (bands, rows, columns) uint8, as scored.
        left_out: a method's label to the reason why it has no estimate.
    """

    scene: str
    wavelengths: tuple[float, ...]
    truth: np.ndarray
    low: np.ndarray
    estimates: Mapping[str, np.ndarray]
    left_out: Mapping[str, str]


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


@dataclass(frozen=True)
class Shown:
    """The preview of one test scene by one cell, or why there is none.

    Attributes:
        address: the cell's.
        scene: the scene; empty where no scene of the cell can be shown.
        preview: None where there is none.
        why: one line, where there is none.
    """

    address: Address
    scene: str
    preview: Preview | None = None
    why: str = ""
