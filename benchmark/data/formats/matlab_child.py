"""The child process that reads MATLAB files: requests on standard input, answers on output.

A request is a line of JSON, an answer another, followed by the values where there are any.
"""

import faulthandler
import json
import math
import os
import sys
import warnings
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.formats.matlab import ContentError
from benchmark.errors import listed, plain

MAX_PIXELS = 1 << 22  # Harvard has 1040 x 1392; a header may claim anything
MAX_CHUNK = 1 << 29  # bytes that HDF5 may have to unpack for a single value
MAX_MEMORY = 4 << 30  # bytes; a scene of Harvard takes 0.5 GiB
MAX_TEXT = 400  # characters of a message, which may quote the file
IDLE = 60.0  # seconds without a request, after which the process ends
# No image has longer integers; floats whose type was damaged would look like some.
NUMBERS = {"float32", "float64", "int8", "uint8", "int16", "uint16"}
_SCIPY_NAMES = {"double": "float64", "single": "float32"}


def main() -> None:
    """Answer requests until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    warnings.simplefilter("ignore")
    _limit_memory()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        # A watchdog outside the interpreter: it also ends a loop within a library.
        faulthandler.dump_traceback_later(request.pop("timeout"), exit=True)
        error, text, cube = _answer(**request)
        answer = {"error": error, "text": plain(text[:MAX_TEXT]), "shape": cube.shape}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.write(cube.data)
        answers.flush()
        faulthandler.dump_traceback_later(IDLE, exit=True)


def _limit_memory() -> None:
    """Let this process grow by so much only, where the system can (Linux)."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + MAX_MEMORY
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _answer(file: str, version: int, bands: int, crop: int) -> tuple[str, str, np.ndarray]:
    """Return the kind of error, its text, and the cube, each empty where there is none."""
    nothing = np.empty(0, np.float32)
    try:
        read = read_version_5 if version == 5 else read_version_7
        return "", "", read(Path(file), bands, crop)
    except ContentError as error:
        return "content", str(error), nothing
    except MemoryError as error:
        return "memory", str(error), nothing
    except Exception as error:  # noqa: BLE001 - both libraries raise nearly any type
        text = f"it is damaged or cut short ({type(error).__name__}: {error})"
        return "content", text, nothing


def read_version_5(file: Path, bands: int, crop: int) -> np.ndarray:
    """Read a file of version 5; see `benchmark.data.formats.matlab.read`."""
    from scipy.io import loadmat, whosmat

    variables = whosmat(file)
    twice = [name for name, count in Counter(name for name, *_ in variables).items() if count > 1]
    if twice:
        raise ContentError(f"it has several variables '{twice[0]}'")
    described = {name: (shape, _SCIPY_NAMES.get(kind, kind)) for name, shape, kind in variables}
    _check(described, bands)
    found = loadmat(file, variable_names=["ref", "lbl"])
    cube, declared = found["ref"], np.dtype(described["ref"][1])
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
        ContentError: what was expected, and what was found.
    """
    if "ref" not in variables:
        raise ContentError(f"expected a variable 'ref', found {listed(variables) or 'none'}")
    shape, kind = variables["ref"]
    if kind not in NUMBERS or len(shape) != 3 or shape[2] != bands or min(shape) < 1:
        found = f"{_by(shape)} of {kind}" if shape else kind
        raise ContentError(f"expected 'ref' as rows x columns x {bands} numbers, found {found}")
    if shape[0] * shape[1] > MAX_PIXELS:
        raise ContentError(f"it claims {_by(shape[:2])} pixels")
    mask, kind = variables.get("lbl", (shape[:2], ""))
    if mask != shape[:2]:
        raise ContentError(f"expected 'lbl' as {_by(shape[:2])}, found {_by(mask) or kind}")


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _describe(opened: Any, name: str) -> tuple[tuple[int, ...], str]:
    """Return shape and type of a variable of an HDF5 file; nothing may lead to another file."""
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
    """Check that every value is stored: HDF5 returns zeros for what it does not find.

    Raises:
        ContentError: values are missing, or stored in an unusual way.
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
