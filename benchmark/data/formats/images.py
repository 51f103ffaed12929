"""Images in files of many formats, read as rows x columns x bands."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.data.formats import envi, matlab, numpy_files, tiff
from benchmark.data.formats.stored import AXES, NUMBERS, ContentError, StoredArray, by, unread
from benchmark.data.formats.wavelengths import NAMES, in_nm
from benchmark.errors import RequestError

BAND_AXES = {"first": 0, "middle": 1, "last": 2}
AUTO = "auto"
NOISE = 0.05  # of the largest value: negative values of this size are noise around a dark pixel
ENDINGS = (".mat", ".npy", ".npz", ".tif", ".tiff", ".h5", ".hdf5", ".he5", ".hdr")
_EXTRAS = {"tifffile": "tifffile>=2024.8", "spectral": "spectral>=0.24"}


@dataclass(frozen=True)
class Image:
    """An image in a file.

    Attributes:
        cube: (rows, columns, bands), float32 or whole numbers of their type.
        wavelengths: of the bands, in nm; empty if the file has none.
        kind: name of the type that the file declares, such as "float64".
        variable: name of the image in a file with several arrays, in HDF5 with its groups.
        axis: axis of the bands in the file.
    """

    cube: np.ndarray
    wavelengths: tuple[float, ...]
    kind: str = ""
    variable: str = ""
    axis: int = 2


def without_noise(cube: np.ndarray, most: float = 0.0) -> tuple[np.ndarray, bool]:
    """Set small negative values to 0, as noise around a dark pixel gives some.

    Args:
        cube: the values; returned as it is if a negative one is larger than noise.
        most: the largest value; 0 takes that of the cube.

    Returns:
        The cube, and whether values were set to 0.
    """
    lowest = cube.min(initial=0)
    negative = bool(lowest < 0) and lowest >= -NOISE * (most or cube.max())
    return (np.maximum(cube, 0) if negative else cube), negative


def files_of(file: Path) -> list[Path]:
    """Return the files that an image is read from: the file itself, and what an .hdr belongs to."""
    values = envi.values_file(file) if file.suffix.lower() == ".hdr" else None
    return [file] if values is None else [file, values]


def read(
    file: Path,
    variable: str = "",
    axis: str = AUTO,
    wavelengths: Sequence[float] = (),
    *,
    values: bool = True,
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
        values: False reads shape, type and wavelengths alone, which is fast; the cube is of zeros.

    Raises:
        RequestError: the file is missing, damaged, or of another content than an image, or the
            library that reads it is not installed.
    """
    try:
        stored = _read(file, variable, values=values)
        nm = tuple(wavelengths) or in_nm(stored.wavelengths, stored.unit)
        bands = _band_axis(stored, axis, len(nm))
        order = bands if stored.order is None else stored.order
        cube = np.moveaxis(stored.values, bands, -1)
        return Image(cube, nm, stored.kind, stored.variable, order)
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
        advice = "make it readable, or free memory" if file.exists() else "correct its name"
        raise RequestError(f"cannot read {file}: {reason}; {advice}") from error


def _read(file: Path, variable: str, *, values: bool) -> StoredArray:
    ending = file.suffix.lower()
    if ending in (".npy", ".npz"):
        return numpy_files.read(file, variable, values=values)
    if ending in (".tif", ".tiff"):
        return tiff.read(file, values=values)
    if ending == ".hdr":
        return envi.read(file, values=values)
    if ending not in ENDINGS:
        raise ContentError(f"expected a file with one of the endings {', '.join(ENDINGS)}")
    found = matlab.read(file, variable, vectors=NAMES, values=values, kinds=NUMBERS)
    return StoredArray(
        found.values if values else unread(found.shape, found.kind),
        wavelengths=next(iter(found.vectors.values()), ()),
        kind=found.kind,
        variable=found.name,
    )


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
