"""Writers of NumPy's files, and of MATLAB's of version 5."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from zipfile import ZipFile

import numpy as np
from numpy.lib import format as npy_format

from benchmark.data.formats.writing.layout import Layout

_WAVELENGTHS = "wavelengths"
Write = Callable[[slice, slice, np.ndarray], None]


@contextmanager
def npy(part: Path, layout: Layout) -> Iterator[Write]:
    """Write one array, which is mapped into memory."""
    mapped = npy_format.open_memmap(part, "w+", layout.kind, layout.stored_shape)
    with part.open("r+b") as stream:
        reserve(stream.fileno(), part.stat().st_size)
    yield into(layout.mapped(mapped))
    mapped.flush()


@contextmanager
def npz(part: Path, layout: Layout) -> Iterator[Write]:
    """Write the array and its wavelengths, without compression."""
    with _collected(part, layout) as (write, values):
        yield write
        vectors = {_WAVELENGTHS: np.array(layout.wavelengths)} if layout.wavelengths else {}
        with ZipFile(part, "w") as archive:
            for name, array in {layout.variable: values, **vectors}.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                    npy_format.write_array(stream, array, allow_pickle=False)


@contextmanager
def mat(part: Path, layout: Layout) -> Iterator[Write]:
    """Write the array and its wavelengths, compressed as MATLAB does."""
    from scipy.io import savemat

    with _collected(part, layout) as (write, values):
        yield write
        variables = {layout.variable: values}
        if layout.wavelengths:
            variables[_WAVELENGTHS] = np.array([layout.wavelengths])
        savemat(part, variables, appendmat=False, do_compression=True)


def into(view: np.ndarray) -> Write:
    """Return the function that writes blocks into an array of (rows, columns, bands)."""

    def write(rows: slice, columns: slice, block: np.ndarray) -> None:
        view[rows, columns] = block

    return write


def reserve(handle: int, size: int) -> None:
    """Reserve the blocks of a file that is mapped into memory.

    Without, a full disk would end the process by a signal when a page is written.

    Raises:
        OSError: there is not enough space.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)


@contextmanager
def _collected(part: Path, layout: Layout) -> Iterator[tuple[Write, np.ndarray]]:
    """Collect blocks in a temporary file beside the one to write, for formats written at once."""
    with TemporaryFile(dir=part.parent) as stream:
        size = int(np.prod(layout.stored_shape, dtype=np.int64)) * np.dtype(layout.kind).itemsize
        reserve(stream.fileno(), size)
        values = np.memmap(stream, layout.kind, "w+", shape=layout.stored_shape)
        yield into(layout.mapped(values)), values
