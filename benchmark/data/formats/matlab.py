"""MATLAB files of versions 5 and 7.3: one image and its mask, checked for kind and shape.

A file of version 7.3 is HDF5, and lists the axes in reverse. Neither version carries a checksum of
its values, unless they are compressed in version 5: of a flipped byte among them only that can be
noticed which leaves the range of the values. What holds the file together is checked.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.formats import matlab5
from benchmark.data.formats.arrays import MOST_PIXELS, Array, ContentError, unread
from benchmark.errors import listed

HDF = b"\x89HDF\r\n\x1a\n"  # at the start, or after MATLAB's header of 512 bytes
MOST_CHUNK = 1 << 29  # bytes that HDF5 may have to unpack for a single value
# No image has longer whole numbers; floats whose type was damaged would look like some.
NUMBERS = {"float32", "float64", "int8", "uint8", "int16", "uint16"}


def read(file: Path, bands: int, crop: int) -> np.ndarray:
    """Read the variable `ref`, the image; the mask `lbl`, where there is one, is only checked.

    Args:
        file: the .mat file.
        bands: how many the image must have.
        crop: rows and columns to take at the top left; of a smaller image, what there is.

    Returns:
        (rows, columns, bands), float32; what does not fit into that is infinite.

    Raises:
        ContentError: it is no MATLAB file, is damaged, or holds other variables, types or shapes.
        OSError: it cannot be opened.
        Exception: nearly any that h5py raises at a damaged file.
    """
    with _opened(file) as arrays:
        if "ref" not in arrays:
            raise ContentError(f"expected a variable 'ref', found {listed(arrays) or 'none'}")
        cube, mask = arrays["ref"], arrays.get("lbl")
        shape = cube.shape
        if cube.kind not in NUMBERS or len(shape) != 3 or shape[2] != bands or 0 in shape:
            found = f"{_by(shape)} of {cube.kind}" if shape else cube.kind
            raise ContentError(f"expected 'ref' as rows x columns x {bands} numbers, found {found}")
        if shape[0] * shape[1] > MOST_PIXELS:
            raise ContentError(f"it claims {_by(shape[:2])} pixels")
        if mask is not None and mask.shape != shape[:2]:
            found = _by(mask.shape) or mask.kind
            raise ContentError(f"expected 'lbl' as {shape[0]} x {shape[1]}, found {found}")
        return cube.top_left(crop)


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


@contextmanager
def _opened(file: Path) -> Iterator[Mapping[str, Array]]:
    with file.open("rb") as stream:
        head = stream.read(520)
        if head.startswith(b"MATLAB 5.0"):
            yield matlab5.arrays(stream)
            return
    if HDF not in (head[:8], head[512:]):
        raise ContentError("it is not a MATLAB file (version 5 or 7.3)")
    import h5py

    with h5py.File(file, "r") as there:
        yield {name: _described(there, name) for name in there}


def _described(there: Any, name: str) -> Array:
    """Describe one variable of an HDF5 file; nothing may lead to another file."""
    import h5py

    if not isinstance(there.get(name, getlink=True), h5py.HardLink):
        return Array((), "a link", unread)
    item = there[name]
    if not isinstance(item, h5py.Dataset):
        return Array((), "a group", unread)
    if item.external or item.is_virtual:
        return Array((), "numbers in another file", unread)

    def top_left(crop: int) -> np.ndarray:
        _check_whole(item)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.array(item[:, :crop, :crop].T, np.float32, order="C")

    return Array(item.shape[::-1], item.dtype.name, top_left)


def _check_whole(item: Any) -> None:
    """Make sure that every value is stored: HDF5 gives zeros for what it does not find."""
    from h5py import h5t

    if not h5t.py_create(item.dtype).equal(item.id.get_type()):
        raise ContentError(f"it is damaged: {item.dtype.name} are not stored as is usual")
    if item.chunks is None:
        if item.id.get_storage_size() != item.nbytes:
            raise ContentError("it is damaged: its values are not all there")
        return
    if math.prod(item.chunks) * item.dtype.itemsize > MOST_CHUNK:
        raise ContentError(f"it claims pieces of {_by(item.chunks)} values")
    for place in item.iter_chunks():
        corner = tuple(span.start for span in place)
        if not item.id.get_chunk_info_by_coord(corner).size:
            raise ContentError(f"it is damaged: the values from {corner} on are not there")
