"""Arrays of NumPy: .npy files, and .npz files with several of them."""

import math
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from benchmark.data.archives.safety import LIMIT, REMEDY, ArchiveError, ArchiveSizeError
from benchmark.data.archives.zips import CheckedZip, open_zip
from benchmark.data.formats.stored import (
    ContentError,
    StoredArray,
    choose_variable,
    is_vector,
    narrowed,
    unread,
)
from benchmark.data.formats.wavelengths import NAMES

_ENDING = ".npy"
_READ_HEADER = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read(file: Path, variable: str = "", *, values: bool = True) -> StoredArray:
    """Read the array of a .npy file, or one array of a .npz file and its wavelengths.

    Args:
        file: the file; nothing in it is unpickled.
        variable: the array's name in a .npz file; empty for the only one with three axes.
        values: False reads shape, type and wavelengths alone; the values are zeros.

    Raises:
        ContentError: it is damaged or has other content.
        OSError: it cannot be opened.
    """
    try:
        if file.suffix.lower() == _ENDING:
            array = _whole(file)
            found = narrowed(np.array(array)) if values else unread(array.shape, array.dtype)
            return StoredArray(found, kind=array.dtype.name)
        with open_zip(file, LIMIT) as archive:
            return _read_zip(archive, variable, values=values)
    except ArchiveSizeError as error:  # it may be good: nobody is told to delete it
        raise ContentError(
            f"{str(error).removesuffix(REMEDY)}if it is right, save it by numpy.savez, without "
            "compression"
        ) from error
    except ArchiveError as error:
        raise ContentError(f"it is damaged or unsafe: {error}") from error
    except (ContentError, OSError, MemoryError):
        raise
    except Exception as error:  # NumPy's parser of the header raises nearly any type
        raise ContentError(f"it is damaged or no array of numbers ({error})") from error


def _whole(file: Path) -> np.ndarray:
    values = npy.open_memmap(file, mode="r")
    if values.offset + values.nbytes != file.stat().st_size:
        raise ValueError("more values than its shape")
    return values


def _read_zip(archive: CheckedZip, variable: str, *, values: bool) -> StoredArray:
    variables = {
        name.removesuffix(_ENDING): _described(archive, name)
        for name in archive.sizes
        if name.endswith(_ENDING)
    }
    chosen = choose_variable(variables, variable)
    vectors = (
        name for name, (shape, _) in variables.items() if len(shape) == 1 or is_vector(shape)
    )
    nm = next((name for name in vectors if name.lower() in NAMES), "")
    shape, kind = variables[chosen]
    return StoredArray(
        narrowed(_values(archive, chosen)) if values else unread(shape, kind),
        wavelengths=tuple(_values(archive, nm).astype(float).ravel().tolist()) if nm else (),
        kind=kind,
        variable=chosen,
    )


def _described(archive: CheckedZip, name: str) -> tuple[tuple[int, ...], str]:
    with archive.open(name) as stream:
        version = npy.read_magic(stream)
        if version not in _READ_HEADER:
            return (), "an array of another version"
        shape, _, kind = _READ_HEADER[version](stream)
    if math.prod(shape) * kind.itemsize > archive.sizes[name]:
        raise ValueError(f"{name} claims more values than it has")
    return shape, kind.name


def _values(archive: CheckedZip, name: str) -> np.ndarray:
    with archive.open(name + _ENDING) as stream:
        values: np.ndarray = npy.read_array(stream, allow_pickle=False)
        if stream.read(1):  # also compares the checksum
            raise ValueError(f"{name} has more values than its shape")
    return values
