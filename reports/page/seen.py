"""What the page takes in of images: previews as the engine makes them, and their places."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benchmark.store.address import Address


class Preview(Protocol):
    """A window of one scene; see `benchmark.tools.images.previews`."""

    @property
    def wavelengths(self) -> np.ndarray:
        """Give (bands,) in nm."""

    @property
    def shape(self) -> np.ndarray:
        """Give the rows and columns of the whole scene."""

    @property
    def corner(self) -> np.ndarray:
        """Give the row and column of the window's first pixel."""

    @property
    def truth(self) -> np.ndarray:
        """Give (bands, rows, columns) uint8."""

    @property
    def low(self) -> np.ndarray:
        """Give the low-resolution pixels that touch the window, uint8."""

    @property
    def estimate(self) -> np.ndarray:
        """Give (bands, rows, columns) uint8."""

    @property
    def error(self) -> np.ndarray:
        """Give (bands,) mean squared error over the whole scene."""

    @property
    def overview(self) -> np.ndarray:
        """Give the whole truth made small, (bands, rows, columns) uint8."""


class Shown(Protocol):
    """One scene by one cell, with its preview or the reason for none."""

    @property
    def address(self) -> Address:
        """Give the cell's address."""

    @property
    def scene(self) -> str:
        """Give the scene's name."""

    @property
    def preview(self) -> Preview | None:
        """Give the preview; None where there is none."""

    @property
    def why(self) -> str:
        """Give one line, where there is none."""


@dataclass(frozen=True)
class Seen:
    """What there is to see of one scene by one cell: a preview, or the reason for none.

    Attributes:
        section: the place of its section in the page's list.
        method: the place of its method in the section's list.
        scale: the factor itself.
        scene: the place of its scene in the section's list.
        preview: None where there is none.
        why: one line, where there is none.
    """

    section: int
    method: int
    scale: int
    scene: int
    preview: Preview | None
    why: str
