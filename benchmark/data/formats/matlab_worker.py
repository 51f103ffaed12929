"""Code of the worker process: read and check a MATLAB file that may crash the library."""

import faulthandler
import math
import warnings
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.errors import listed

MAX_PIXELS = 1 << 22  # Harvard has 1040 x 1392; a header may claim anything
MAX_CHUNK = 1 << 29  # bytes that HDF5 decompresses to read a single value
MAX_MEMORY = 4 << 30  # bytes; a scene of Harvard takes 0.5 GiB
MAX_SECONDS = 600.0  # after which the worker ends by itself, in case its parent has died
MAX_TEXT = 400  # characters of a message, which may quote the file
# No image has longer integers; floats with a damaged type would be read as such.
NUMBERS = {"float32", "float64", "int8", "uint8", "int16", "uint16"}
_SCIPY_NAMES = {"double": "float64", "single": "float32"}


class ContentError(Exception):
    """The file is damaged, unsafe, or has other content than expected; the message says which."""


class VariableError(ContentError):
    """The file can be read, and has other variables than expected, or of another type or shape."""


def read_values(file: Path, version_5: bool, bands: int, crop: int) -> np.ndarray:
    """Read a file in a process that may crash; see `benchmark.data.formats.matlab.read`."""
    faulthandler.disable()  # a crash is reported as one line
    faulthandler.dump_traceback_later(MAX_SECONDS, exit=True)
    _limit_memory()
    try:
        with warnings.catch_warnings(action="ignore"):
            return (read_version_5 if version_5 else read_version_7)(file, bands, crop)
    except ContentError as error:
        raise type(error)(str(error)[:MAX_TEXT]) from None
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - both libraries raise nearly any type
        text = f"it is damaged or cut short ({type(error).__name__}: {error})"
        raise ContentError(text[:MAX_TEXT]) from None
    finally:
        faulthandler.cancel_dump_traceback_later()


def _limit_memory() -> None:
    """Limit the memory that this process may add to what it has, on Linux."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + MAX_MEMORY
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def read_version_5(file: Path, bands: int, crop: int) -> np.ndarray:
    """Read a file of version 5; see `benchmark.data.formats.matlab.read`."""
    from scipy.io import loadmat, whosmat

    variables = whosmat(file)
    counts = Counter(name for name, *_ in variables)
    if repeated := [name for name, count in counts.items() if count > 1]:
        raise ContentError(f"it has several variables '{repeated[0]}'")
    described = {name: (shape, _SCIPY_NAMES.get(kind, kind)) for name, shape, kind in variables}
    _check(described, bands)
    cube = loadmat(file, variable_names=["ref", "lbl"])["ref"]
    declared = np.dtype(described["ref"][1])
    stored = cube.dtype.newbyteorder("=")
    # MATLAB stores small integers in fewer bytes than their type has.
    smaller = stored.itemsize < declared.itemsize and np.can_cast(stored, declared)
    if not (smaller or stored == declared):
        raise ContentError(f"expected 'ref' as {declared}, found it stored as {stored}")
    return _top_left(cube, crop)


def read_version_7(file: Path, bands: int, crop: int) -> np.ndarray:
    """Read a file of version 7.3, which is HDF5 and lists the axes in reverse."""
    import h5py

    with h5py.File(file, "r") as opened:
        _check({name: _describe(opened, name) for name in opened}, bands)
        cube = opened["ref"]
        _check_stored(cube)
        return _top_left(cube[:, :crop, :crop].T, crop)


def _top_left(cube: np.ndarray, crop: int) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array(cube[:crop, :crop], np.float32, order="C")


def _check(variables: Mapping[str, tuple[tuple[int, ...], str]], bands: int) -> None:
    """Check the shapes and types of the variables before any values are read.

    Raises:
        VariableError: a variable is missing or has another type or shape.
    """
    if "ref" not in variables:
        others = [f"'{name}' ({_by(shape)} {kind})" for name, (shape, kind) in variables.items()]
        raise VariableError(f"expected a variable 'ref', found {listed(others) or 'none'}")
    shape, kind = variables["ref"]
    if kind not in NUMBERS or len(shape) != 3 or shape[2] != bands or min(shape) < 1:
        found = f"{_by(shape)} of {kind}" if shape else kind
        raise VariableError(f"expected 'ref' as rows x columns x {bands} numbers, found {found}")
    if shape[0] * shape[1] > MAX_PIXELS:
        raise ContentError(f"it claims {_by(shape[:2])} pixels")
    mask, kind = variables.get("lbl", (shape[:2], ""))
    if mask != shape[:2]:
        raise VariableError(f"expected 'lbl' as {_by(shape[:2])}, found {_by(mask) or kind}")


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _describe(opened: Any, name: str) -> tuple[tuple[int, ...], str]:
    """Return shape and type of a variable of an HDF5 file; links are not followed."""
    import h5py

    if not isinstance(opened.get(name, getlink=True), h5py.HardLink):
        return (), "a link"
    item = opened[name]
    if not isinstance(item, h5py.Dataset):
        return (), "a group"
    if item.external or item.is_virtual:
        return (), "numbers in another file"
    return item.shape[::-1], item.dtype.name


def _check_stored(item: Any) -> None:
    """Check that every value is stored: HDF5 reads missing ones as zeros.

    Raises:
        ContentError: values are missing, or have an unusual binary format.
    """
    from h5py import h5t

    if not h5t.py_create(item.dtype).equal(item.id.get_type()):
        raise ContentError(f"it is damaged: {item.dtype.name} are not stored as is usual")
    if item.chunks is None:
        if item.id.get_storage_size() != item.nbytes:
            raise ContentError("it is damaged: its values are not all there")
        return
    if math.prod(item.chunks) * item.dtype.itemsize > MAX_CHUNK:
        raise ContentError(f"it claims chunks of {_by(item.chunks)} values")
    for spans in item.iter_chunks():
        corner = tuple(span.start for span in spans)
        if not item.id.get_chunk_info_by_coord(corner).size:
            raise ContentError(f"it is damaged: the values from {corner} on are not there")
