"""Code of the worker process: read and check a MATLAB or HDF5 file that may crash the library."""

import faulthandler
import math
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.formats import stored
from benchmark.data.formats.stored import (
    AXES,
    ContentError,
    VariableError,
    by,
    choose_variable,
    is_vector,
    narrowed,
)
from benchmark.errors import listed

MAX_PIXELS = 1 << 26  # the largest data set has 2517 x 2335; a header may claim anything
MAX_CHUNK = 1 << 29  # bytes that HDF5 decompresses to read a single value
MAX_MEMORY = 4 << 30  # bytes; a scene of Harvard takes 0.5 GiB
MAX_SECONDS = 600.0  # after which the worker ends by itself, in case its parent has died
MAX_TEXT = 400  # characters of a message, which may quote the file
MAX_VECTOR = 10_000  # values of a vector that is read beside the image
MAX_DEPTH, MAX_ITEMS = 6, 1000  # of the groups of an HDF5 file that are searched
# No published image has longer integers; floats with a damaged type would be read as such.
NUMBERS = frozenset({"float32", "float64", "int8", "uint8", "int16", "uint16"})
# Other people's images may. Floats of 1e-19 or more are larger than this where read as integers.
MAX_INTEGER = 1 << 29
_SCIPY_NAMES = {"double": "float64", "single": "float32"}


@dataclass(frozen=True)
class Wanted:
    """What to read of a file.

    Attributes:
        variable: the image's name, in HDF5 with its groups ("data/image"); empty for the only
            variable that has three axes.
        shape: rows, columns and bands that it must have; 0 for any.
        parts: the part of each axis to read, as slices; what is beyond the end is left out.
        mask: a variable that, where it exists, must have the image's rows and columns.
        vectors: names of vectors to read beside the image, in lower case.
        version_5: True for a MATLAB file of version 5, False for HDF5.
        reversed_axes: True for MATLAB's files of version 7.3, which list the axes in reverse.
        values: False reads shape, type and vectors alone.
        kinds: the types that the image may have.
    """

    variable: str = ""
    shape: tuple[int, int, int] = (0, 0, 0)
    parts: tuple[slice, slice, slice] = (slice(None), slice(None), slice(None))
    mask: str = ""
    vectors: frozenset[str] = frozenset()
    version_5: bool = True
    reversed_axes: bool = True
    values: bool = True
    kinds: frozenset[str] = NUMBERS


@dataclass(frozen=True)
class Variable:
    """The image in a file.

    Attributes:
        name: the variable's.
        values: of three axes; none, but of the stored type, if there are too many.
        shape: of the parts to read.
        vectors: the vectors that were asked for, by name in lower case.
        kind: name of the type that the file declares; MATLAB stores small numbers in a smaller one.
    """

    name: str
    values: np.ndarray
    shape: tuple[int, ...]
    vectors: dict[str, tuple[float, ...]] = field(default_factory=dict)
    kind: str = ""


Described = Mapping[str, tuple[tuple[int, ...], str]]


def read_values(file: Path, wanted: Wanted, most: int) -> Variable:
    """Read a file in a process that may crash; see `benchmark.data.formats.matlab.read`.

    Args:
        file: the file.
        wanted: what to read of it.
        most: bytes of an image in an HDF5 file above which no values are read.
    """
    faulthandler.disable()  # a crash is reported as one line
    faulthandler.dump_traceback_later(MAX_SECONDS, exit=True)
    _limit_memory()
    try:
        with warnings.catch_warnings(action="ignore"):
            if wanted.version_5:
                return _read_version_5(file, wanted)
            return _read_hdf(file, wanted, most)
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


def _read_version_5(file: Path, wanted: Wanted) -> Variable:
    from scipy.io import loadmat, whosmat

    variables = whosmat(file)
    counts = Counter(name for name, *_ in variables)
    if repeated := [name for name, count in counts.items() if count > 1]:
        raise ContentError(f"it has several variables '{repeated[0]}'")
    described = {name: (shape, _SCIPY_NAMES.get(kind, kind)) for name, shape, kind in variables}
    name = _checked_name(described, wanted)
    declared = np.dtype(described[name][1])
    vectors = _vector_names(described, wanted)
    if not wanted.values:
        loaded = loadmat(file, variable_names=vectors) if vectors else {}
        empty = np.empty(0, declared)
        return _variable(name, empty, vectors, loaded.__getitem__, described[name])
    # The mask too: where it is cut short, so is the file.
    loaded = loadmat(file, variable_names=[name, *filter(None, [wanted.mask]), *vectors])
    cube = loaded[name]
    found = cube.dtype.newbyteorder("=")
    # MATLAB stores small integers in fewer bytes than their type has.
    smaller = found.itemsize < declared.itemsize and np.can_cast(found, declared)
    if not (smaller or found == declared):
        raise ContentError(f"expected '{name}' as {declared}, found it stored as {found}")
    values = cube[wanted.parts]
    described_as = (values.shape, declared.name)
    return _variable(name, values, vectors, loaded.__getitem__, described_as)


def _read_hdf(file: Path, wanted: Wanted, most: int) -> Variable:
    import h5py

    with h5py.File(file, "r") as opened:
        described = _describe_all(opened, wanted)
        name = _checked_name(described, wanted)
        cube = opened[name]
        _check_stored(cube)
        sizes = zip(described[name][0], wanted.parts, strict=True)
        shape = tuple(len(range(size)[part]) for size, part in sizes)
        if wanted.values and math.prod(shape) * cube.dtype.itemsize > most:
            return Variable(name, np.empty(0, cube.dtype), shape)
        vectors = _vector_names(described, wanted)
        if not wanted.values:
            values = np.empty(0, cube.dtype)
        else:
            values = cube[wanted.parts[::-1]].T if wanted.reversed_axes else cube[wanted.parts]
        described_as = (shape, cube.dtype.name)
        return _variable(name, values, vectors, lambda vector: opened[vector][()], described_as)


def _variable(
    name: str,
    values: np.ndarray,
    vectors: list[str],
    read: Callable[[str], np.ndarray],
    described_as: tuple[tuple[int, ...], str],
) -> Variable:
    found = {
        vector.lower(): tuple(float(value) for value in np.ravel(read(vector)))
        for vector in vectors
    }
    shape, kind = described_as
    if np.dtype(kind).kind in "iu" and kind not in NUMBERS:
        _check_integers(values, name)
    return Variable(name, narrowed(values), shape, found, kind)


def _check_integers(values: np.ndarray, name: str) -> None:
    """Check that long integers are not the bytes of floating-point numbers.

    Raises:
        ContentError: they are larger than those of an image.
    """
    for extreme in (int(values.min(initial=0)), int(values.max(initial=0))):
        if abs(extreme) >= MAX_INTEGER:
            raise ContentError(
                f"expected whole numbers below {MAX_INTEGER:,} in '{name}', found {extreme:,}, as "
                "if the type of its numbers were damaged; if they are right, save it as float32"
            )


def _checked_name(variables: Described, wanted: Wanted) -> str:
    """Return the name of the image, after checking shapes and types before values are read.

    Raises:
        VariableError: a variable is missing or has another type or shape.
    """
    name = choose_variable(variables, wanted.variable, wanted.kinds)
    shape, kind = variables[name]
    right = len(shape) == AXES and all(
        size >= 1 and size == (expected or size)
        for size, expected in zip(shape, wanted.shape, strict=True)
    )
    if kind not in wanted.kinds or not right:
        found = f"{by(shape)} of {kind}" if shape else kind
        names = ("rows", "columns", "bands")
        expected = " x ".join(
            str(one or name) for one, name in zip(wanted.shape, names, strict=True)
        )
        types = "" if kind in wanted.kinds else f" ({listed(sorted(wanted.kinds), 99)})"
        raise VariableError(f"expected '{name}' as {expected} numbers{types}, found {found}")
    largest = shape[:2] if wanted.shape[2] else sorted(shape)[1:]
    if math.prod(largest) > MAX_PIXELS:
        raise ContentError(f"it claims {by(largest)} pixels")
    mask, kind = variables.get(wanted.mask, (shape[:2], ""))
    if wanted.mask and mask != shape[:2]:
        raise VariableError(
            f"expected '{wanted.mask}' as {by(shape[:2])}, found {by(mask) or kind}"
        )
    return name


def _vector_names(variables: Described, wanted: Wanted) -> list[str]:
    return [
        name
        for name, (shape, kind) in variables.items()
        if name.rpartition("/")[2].lower() in wanted.vectors
        and kind in stored.NUMBERS
        and is_vector(shape)
        and math.prod(shape) <= MAX_VECTOR
    ]


def _describe_all(opened: Any, wanted: Wanted) -> Described:
    """Describe the variables of an HDF5 file, in its groups too unless it is MATLAB's."""
    found: dict[str, tuple[tuple[int, ...], str]] = {}
    waiting = [(name, 1) for name in opened]
    for _ in range(MAX_ITEMS):
        if not waiting:
            break
        name, depth = waiting.pop(0)
        shape, kind = _describe(opened, name)
        if kind != "a group" or wanted.reversed_axes or depth == MAX_DEPTH:
            found[name] = (shape[::-1] if wanted.reversed_axes else shape), kind
        else:
            waiting += [(f"{name}/{inner}", depth + 1) for inner in opened[name]]
    return found


def _describe(opened: Any, name: str) -> tuple[tuple[int, ...], str]:
    """Return shape and type of a variable of an HDF5 file; links are not followed."""
    import h5py

    if not isinstance(opened.get(name, getlink=True), h5py.HardLink):
        return (), "a link"
    item = opened[name]
    if isinstance(item, h5py.Group):
        return (), "a group"
    if not isinstance(item, h5py.Dataset):
        return (), "a type"
    if item.external or item.is_virtual:
        return (), "numbers in another file"
    return item.shape or (), item.dtype.name


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
        raise ContentError(f"it claims chunks of {by(item.chunks)} values")
    for spans in item.iter_chunks():
        corner = tuple(span.start for span in spans)
        if not item.id.get_chunk_info_by_coord(corner).size:
            raise ContentError(f"it is damaged: the values from {corner} on are not there")
