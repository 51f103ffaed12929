"""Images in files of many formats, read as rows x columns x bands."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.data.formats import envi, matlab, numpy_files, tiff
from benchmark.data.formats.stored import AXES, NUMBERS, ContentError, StoredArray, by
from benchmark.data.formats.wavelengths import NAMES, in_nm
from benchmark.errors import RequestError

BAND_AXES = {"first": 0, "middle": 1, "last": 2}
AUTO = "auto"
ENDINGS = (".mat", ".npy", ".npz", ".tif", ".tiff", ".h5", ".hdf5", ".he5", ".hdr")
_EXTRAS = {"tifffile": "tifffile>=2024.8", "spectral": "spectral>=0.24"}


@dataclass(frozen=True)
class Image:
    """An image in a file.

    Attributes:
        cube: (rows, columns, bands), float32 or whole numbers of their type.
        wavelengths: of the bands, in nm; empty if the file has none.
    """

    cube: np.ndarray
    wavelengths: tuple[float, ...]


def files_of(file: Path) -> list[Path]:
    """Return the files that an image is read from: the file itself, and what an .hdr belongs to."""
    values = envi.values_file(file) if file.suffix.lower() == ".hdr" else None
    return [file] if values is None else [file, values]


def read(
    file: Path, variable: str = "", axis: str = AUTO, wavelengths: Sequence[float] = ()
) -> Image:
    """Read the image in a file.

    Args:
        file: a file with one of `ENDINGS`.
        variable: the image's name in a file with several variables; empty for the only one that
            has three axes.
        axis: where the bands are: "first", "middle" or "last", or "auto" for what the file says,
            else the axis that has as many entries as there are wavelengths, else the last one
            (the first one, for the pages of a TIFF file).
        wavelengths: of the bands, in nm, instead of the file's own; may be empty.

    Raises:
        RequestError: the file is missing, damaged, or of another content than an image, or the
            library that reads it is not installed.
    """
    try:
        stored = _read(file, variable)
        nm = tuple(wavelengths) or in_nm(stored.wavelengths, stored.unit)
        return Image(np.moveaxis(stored.values, _band_axis(stored, axis, len(nm)), -1), nm)
    except ContentError as error:
        raise RequestError(f"{file} cannot be used: {error}") from error
    except ImportError as error:
        library = (error.name or "").partition(".")[0]
        if not isinstance(
            error, ModuleNotFoundError
        ):  # a library that is installed and does not work
            raise RequestError(f"{file} cannot be read: {error}; repair what it imports") from error
        raise RequestError(
            f"{file} cannot be read without {library}; install it with: pip install "
            f'"{_EXTRAS.get(library, library)}"'
        ) from error
    except (OSError, MemoryError) as error:  # the file itself may be good
        reason = getattr(error, "strerror", None) or str(error) or "not enough memory"
        raise RequestError(
            f"cannot read {file}: {reason}; make it readable, or free memory"
        ) from error


def _read(file: Path, variable: str) -> StoredArray:
    ending = file.suffix.lower()
    if ending in (".npy", ".npz"):
        return numpy_files.read(file, variable)
    if ending in (".tif", ".tiff"):
        return tiff.read(file)
    if ending == ".hdr":
        return envi.read(file)
    if ending not in ENDINGS:
        raise ContentError(f"expected a file with one of the endings {', '.join(ENDINGS)}")
    found = matlab.read(file, variable, vectors=NAMES)
    return StoredArray(found.values, wavelengths=next(iter(found.vectors.values()), ()))


def _band_axis(stored: StoredArray, stated: str, known: int) -> int:
    """Return the axis of the bands.

    Args:
        stored: the array.
        stated: what the user says.
        known: number of wavelengths; 0 if they are unknown.

    Raises:
        ContentError: it is no image, or its shape looks as if they were on another axis than is
            usual.
    """
    shape, kind = stored.values.shape, stored.values.dtype
    if kind.name not in NUMBERS:
        raise ContentError(f"expected real numbers, found {kind}")
    if len(shape) != AXES:
        raise ContentError(f"expected rows x columns x bands, found {by(shape)}")
    if stated != AUTO:
        return BAND_AXES[stated]
    if stored.certain:
        return stored.axis
    if shape.count(known) == 1:
        return shape.index(known)
    other = 2 - stored.axis
    if 2 * shape[other] < min(shape[stored.axis], shape[1]):
        names = list(BAND_AXES)
        raise ContentError(
            f"expected the bands on the {names[stored.axis]} of its axes, found {by(shape)}, as if "
            f"they were on the {names[other]} one; state it: axis={names[other]} or "
            f"axis={names[stored.axis]}"
        )
    return stored.axis
