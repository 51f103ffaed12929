"""Images of test scenes as numpy arrays, with helpers for figures and the report page."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from benchmark.data.formats.wavelengths import VISIBLE, false_colour_bands, nearest_band
from benchmark.store.address import Address

LEVELS = 255  # the largest 8-bit grey level


@dataclass(frozen=True)
class View:
    """One test scene with the estimates of one or more methods, as they were scored.

    All images are in 8-bit grey levels, from 0 to 255, and whole levels only where the protocol
    rounds them. Their PSNR, by `psnr`, is that of the tables.

    Attributes:
        scene: its name.
        wavelengths: of the bands, in nm; empty if unknown.
        truth: (bands, rows, columns) float32.
        low: (bands, rows / scale, columns / scale) float32, the low-resolution image; its pixel i
            stands for the pixels s i to s i + s - 1 of the truth.
        estimates: a method's label to (bands, rows, columns) float32.
        left_out: a method's label to the reason why it has no estimate.
    """

    scene: str
    wavelengths: tuple[float, ...]
    truth: np.ndarray
    low: np.ndarray
    estimates: Mapping[str, np.ndarray]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def axis(self) -> "BandAxis":
        """The axis on which its bands are shown."""
        return BandAxis(tuple(self.wavelengths), len(self.truth))


@dataclass(frozen=True)
class Preview:
    """A window of one test scene with one method's estimate.

    Attributes:
        wavelengths: (bands,) in nm; (0,) if unknown.
        shape: (rows, columns) of the whole scene.
        corner: (row, column) of the window's first pixel.
        truth: (bands, window rows, window columns) uint8 grey levels, rounded for display.
        low: (bands, rows, columns) uint8, those low-resolution pixels that touch the window.
        estimate: uint8, like `truth`.
        error: (bands,) mean squared error over the whole scene, in squared grey levels, of the
            images as scored.
        overview: (3, rows, columns) uint8, the whole truth in false colour, downsampled by
            averaging.
    """

    wavelengths: np.ndarray
    shape: np.ndarray
    corner: np.ndarray
    truth: np.ndarray
    low: np.ndarray
    estimate: np.ndarray
    error: np.ndarray
    overview: np.ndarray

    @property
    def axis(self) -> "BandAxis":
        """The axis on which its bands are shown."""
        return BandAxis(tuple(self.wavelengths.tolist()), len(self.truth))


@dataclass(frozen=True)
class CellPreview:
    """The preview of one test scene by one cell, or the reason why there is none.

    Attributes:
        address: the cell's.
        scene: the scene.
        preview: None where there is none.
        reason: one line where there is none, else empty.
    """

    address: Address
    scene: str
    preview: Preview | None = None
    reason: str = ""


@dataclass(frozen=True)
class BandAxis:
    """The axis on which bands are shown: wavelengths, or band numbers where those are unknown.

    Attributes:
        wavelengths: of the bands, in nm; empty if unknown.
        bands: their number.
    """

    wavelengths: tuple[float, ...]
    bands: int

    @property
    def title(self) -> str:
        """The title of the axis."""
        return "wavelength (nm)" if self.wavelengths else "band number"

    @property
    def positions(self) -> np.ndarray:
        """(bands,) wavelengths in nm, or numbers from 1."""
        return np.array(self.wavelengths or range(1, self.bands + 1), float)

    def name(self, band: int) -> str:
        """Return the name of a band: `550 nm`, or `band 16`."""
        return f"{self.wavelengths[band]:g} nm" if self.wavelengths else f"band {band + 1}"

    def nearest(self, wanted: float) -> int:
        """Return the index of the band nearest to a wavelength in nm; the middle one if unknown."""
        return nearest_band(self.wavelengths, wanted) if self.wavelengths else self.bands // 2

    def false_colour(self) -> tuple[int, int, int]:
        """Return the indices of the bands shown as red, green and blue."""
        # Scaled into the visible range, as if the unknown wavelengths covered it evenly.
        return false_colour_bands(self.wavelengths or np.linspace(*VISIBLE, self.bands).tolist())


def psnr(squared_error: float) -> float:
    """Return the PSNR in dB of a mean squared error in squared 8-bit grey levels; inf for zero.

    It does not depend on the unit: that of images in 0 to 1, with peak 1, is the same.
    """
    return 10 * math.log10(LEVELS**2 / squared_error) if squared_error > 0 else math.inf
