"""MATLAB files of versions 5 and 7.3 and HDF5 files, read by scipy and h5py in a worker process.

Neither library is safe with damaged files: a flipped bit may crash scipy's reader, and libhdf5 may
loop for ever. In a worker process, both become an exception. The worker is reused.

Only compressed values of version 5 have a checksum. Elsewhere a flipped byte goes unnoticed unless
it puts a value out of range.
"""

import math
from collections.abc import Collection
from concurrent.futures import BrokenExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark.data.formats.matlab_worker import NUMBERS, Variable, Wanted, read_values
from benchmark.data.formats.stored import AXES, ContentError, VariableError

__all__ = ["ContentError", "Variable", "VariableError", "read"]

HDF = b"\x89HDF\r\n\x1a\n"  # at the start, or after MATLAB's header of 512 bytes
_VERSION_5 = b"MATLAB 5.0"
TIMEOUT = 300.0  # seconds for one call of the worker; a scene of Harvard takes a few
IDLE = 20  # seconds without a file after which the worker ends
PART = 1 << 28  # bytes of values that the worker reads and sends at once
WHOLE = slice(None)


def is_version_5(file: Path) -> bool:
    """Return whether a file is MATLAB's of version 5 (not of 7.3).

    Raises:
        OSError: it cannot be opened.
    """
    with file.open("rb") as stream:
        return stream.read(len(_VERSION_5)) == _VERSION_5


def read(
    file: Path,
    variable: str = "",
    *,
    shape: tuple[int, int, int] = (0, 0, 0),
    rows: slice = WHOLE,
    columns: slice = WHOLE,
    mask: str = "",
    vectors: Collection[str] = (),
    values: bool = True,
    kinds: Collection[str] = NUMBERS,
) -> Variable:
    """Read the image in a file, and vectors beside it.

    Args:
        file: the .mat or HDF5 file.
        variable: the image's name, in HDF5 with its groups; empty for the only variable that has
            three axes.
        shape: rows, columns and bands that the whole image must have; 0 for any.
        rows: the rows to read, as a slice of the first axis; what is beyond the end is left out.
        columns: the columns to read, likewise.
        mask: a variable that, where it exists, must have the image's rows and columns.
        vectors: names of vectors to read beside the image, in lower case.
        values: False reads shape, type and vectors alone; `values` of the result is empty.
        kinds: names of the types that the image may have.

    Returns:
        The image with its axes as MATLAB, or in other HDF5 files the file, has them. Whole numbers
        keep their type; others are float32, those beyond its range infinite.

    Raises:
        ContentError: it is neither a MATLAB nor an HDF5 file, or is damaged.
        VariableError: it has other variables, types or shapes.
        MemoryError: reading it needs more memory than is free, or than an image may take.
        OSError: it cannot be opened.
    """
    with file.open("rb") as stream:
        head = stream.read(520)
    version_5 = head.startswith(_VERSION_5)
    matlab = file.suffix.lower() == ".mat" or head.startswith(b"MATLAB")
    if not version_5 and HDF not in (head[:8], head[512:]):
        expected = "a MATLAB file (version 5 or 7.3)" if matlab else "an HDF5 file"
        raise ContentError(f"it is not {expected}")
    wanted = Wanted(
        variable, shape, (rows, columns, WHOLE), mask, frozenset(vectors), version_5, matlab,
        values, frozenset(kinds),
    )  # fmt: skip
    found = _in_worker(file, wanted, PART)
    if found.values.ndim == AXES or not values:
        return found
    return _in_parts(file, wanted, found)


def _in_parts(file: Path, wanted: Wanted, whole: Variable) -> Variable:
    """Read a large image in parts, so that the worker never holds all of it.

    The parts divide the slowest axis of the file: the last of MATLAB's.
    """
    axis = 2 if wanted.reversed_axes else 0
    order = (2, 1, 0) if wanted.reversed_axes else (0, 1, 2)
    stored = whole.values.dtype
    kind = np.dtype(np.float32) if stored.kind == "f" else stored.newbyteorder("=")
    values = np.empty([whole.shape[one] for one in order], kind)
    one_index = stored.itemsize * math.prod(values.shape[1:])
    step = max(1, PART // one_index)
    first = wanted.parts[axis].start or 0
    for start in range(0, len(values), step):
        stop = min(start + step, len(values))
        parts = list(wanted.parts)
        parts[axis] = slice(first + start, first + stop)
        part = replace(wanted, parts=(parts[0], parts[1], parts[2]))
        read = _in_worker(file, part, step * one_index)
        values[start:stop] = read.values.transpose(order)
    return replace(read, values=values.transpose(order), shape=whole.shape)


def _in_worker(file: Path, wanted: Wanted, most: int) -> Variable:
    from loky import get_reusable_executor

    worker = get_reusable_executor(max_workers=1, timeout=IDLE)
    try:
        future = worker.submit(read_values, file.absolute(), wanted, most)
        found: Variable = future.result(TIMEOUT)
    except (ContentError, MemoryError):
        raise
    except BrokenExecutor as error:
        raise ContentError("it is damaged: the library that reads it crashed") from error
    except BaseException as error:  # the worker may still be reading
        worker.shutdown(kill_workers=True)
        if not isinstance(error, TimeoutError):
            raise
        raise ContentError(
            f"it is damaged: the library that reads it did not finish within {TIMEOUT:g} s"
        ) from error
    return found
