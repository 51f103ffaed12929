"""How an image is to be stored: as the file that it comes from, where the format allows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.formats import matlab
from benchmark.data.formats.images import Image

_ARRAYS = (".npy", ".npz", ".mat", ".h5", ".hdf5", ".he5")
_TIFF = (".tif", ".tiff")
_ENVI = (".hdr",)
_SMALL = ("uint8", "int8", "uint16", "int16")
_FLOATS = ("float32", "float64")
# The types that the readers accept in a format; all of numpy's elsewhere.
_KINDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((".mat", ".h5", ".hdf5", ".he5"), (*_SMALL, *_FLOATS)),
    ".hdr": ("uint8", "uint16", "int16", "uint32", "int32", "uint64", "int64", *_FLOATS),
}
_WIDER = ("uint8", "int16", "int32", *_FLOATS)
_LONGEST_V5 = 2**31 - 1  # bytes of a variable in a MATLAB file of version 5
_MATLAB_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,30}")
_IMAGE = "image"


@dataclass(frozen=True)
class Layout:
    """How an image is stored in a file.

    Attributes:
        shape: rows, columns and bands.
        kind: name of the type of its values.
        axis: axis of the bands in the file.
        wavelengths: of the bands, in nm; empty if unknown.
        variable: name of the image in a file with several arrays, in HDF5 with its groups.
        version_5: True for a MATLAB file of version 5, False for one of 7.3.
    """

    shape: tuple[int, int, int]
    kind: str
    axis: int = 2
    wavelengths: tuple[float, ...] = ()
    variable: str = _IMAGE
    version_5: bool = True

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """The shape with the bands on their axis."""
        rows_and_columns = list(self.shape[:2])
        rows_and_columns.insert(self.axis, self.shape[2])
        return tuple(rows_and_columns)

    def index(self, rows: slice, columns: slice) -> tuple[slice, ...]:
        """Return the index of a window in the stored array."""
        found = [rows, columns]
        found.insert(self.axis, slice(None))
        return tuple(found)

    def turned(self, block: np.ndarray) -> np.ndarray:
        """Return a block of (rows, columns, bands) with the bands on their axis."""
        return np.moveaxis(block, -1, self.axis)

    def mapped(self, array: Any) -> np.ndarray:
        """Return a stored array as (rows, columns, bands); writing to it writes to the array."""
        return np.moveaxis(np.asarray(array), self.axis, -1)


def layout_of(
    image: Image, source: Path | None, target: Path, shape: tuple[int, int, int]
) -> Layout:
    """Return how an image that was made from another one is to be stored.

    The type, the name of the variable, the axis of the bands and the version of MATLAB's files are
    kept where the format of the target has them.

    Args:
        image: the one that it was made from.
        source: the file of that one; None if it was in memory.
        target: the file to write, with one of `ENDINGS`.
        shape: rows, columns and bands of the new image.
    """
    ending = target.suffix.lower()
    before = source.suffix.lower() if source else ".npy"
    kind = _kind(ending, image.kind or image.cube.dtype.name)
    wanted = kind_bytes(kind, shape)
    version_5 = matlab.is_version_5(source) if source and before == ".mat" else True
    return Layout(
        shape=shape,
        kind=kind,
        axis=_axis(image.axis, before, ending),
        wavelengths=image.wavelengths,
        variable=_variable(image.variable, ending),
        version_5=version_5 and wanted <= _LONGEST_V5,
    )


def kind_bytes(kind: str, shape: tuple[int, int, int]) -> int:
    """Return the bytes of an image of a type."""
    return int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize


def _kind(ending: str, kind: str) -> str:
    """Return a type, or the smallest one that a format has and that holds all its values."""
    known = _KINDS.get(ending)
    if known is None or kind in known:
        return kind
    return next(one for one in _WIDER if one in known and np.can_cast(kind, one))


def _axis(axis: int, before: str, ending: str) -> int:
    if ending in _TIFF:  # pages, or samples of a pixel
        return axis if before in _TIFF and axis == 2 else 0
    if ending in _ENVI:
        return axis if before in _ENVI else 0
    return axis if before in _ARRAYS else 2


def _variable(name: str, ending: str) -> str:
    if ending == ".mat":
        name = name.rpartition("/")[2]
        return name if _MATLAB_NAME.fullmatch(name) else _IMAGE
    if ending in (".npy", ".npz"):
        name = name.rpartition("/")[2]
    return name or _IMAGE
