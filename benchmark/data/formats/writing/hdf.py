"""Writer of HDF5 files, and of MATLAB's of version 7.3, which are HDF5 behind a header."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.formats.writing.layout import Layout

_HEADER = 512  # bytes before the HDF5 file
_CLASSES = {"float32": "single", "float64": "double"}


@contextmanager
def create(
    part: Path, layout: Layout, *, matlab: bool
) -> Iterator[Callable[[slice, slice, np.ndarray], None]]:
    """Write the array, and its wavelengths beside it in the same group.

    Args:
        part: the file.
        layout: how the image is stored.
        matlab: True for MATLAB's file, which lists the axes in reverse.
    """
    import h5py

    step = -1 if matlab else 1
    with h5py.File(part, "w", userblock_size=_HEADER if matlab else 0) as opened:
        values = opened.create_dataset(layout.variable, layout.stored_shape[::step], layout.kind)
        made = [values]
        if layout.wavelengths:
            group = layout.variable.rpartition("/")[0]
            nm = np.array(layout.wavelengths)
            name = f"{group}/wavelengths".lstrip("/")
            made.append(opened.create_dataset(name, data=nm[:, None] if matlab else nm))
        if matlab:
            _name_classes(made)

        def write(rows: slice, columns: slice, block: np.ndarray) -> None:
            turned = layout.turned(block)
            values[layout.index(rows, columns)[::step]] = turned.T if matlab else turned

        yield write
    if matlab:
        with part.open("r+b") as stream:
            stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")


def _name_classes(made: list[Any]) -> None:
    """Name MATLAB's class of each variable, without which MATLAB does not read it."""
    for one in made:
        kind = one.dtype.name
        one.attrs["MATLAB_class"] = np.bytes_(_CLASSES.get(kind, kind))
