"""Create the file of an image: atomically, a block at a time, in the format of its ending."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmark.data.formats import envi as envi_reader
from benchmark.data.formats.writing import arrays, envi, hdf, tiff
from benchmark.data.formats.writing.layout import Layout
from benchmark.store.files import replacing

# Writes a block, (rows, columns, bands), to these rows and columns.
Write = Callable[[slice, slice, np.ndarray], None]
# Formats that have no place for wavelengths.
WITHOUT_WAVELENGTHS = (".npy",)


def files_written(file: Path) -> list[Path]:
    """Return the files that an image is written to: the file itself, and the values of an .hdr."""
    if file.suffix.lower() != ".hdr":
        return [file]
    return [file, envi_reader.values_file(file) or file.with_suffix(".img")]


@contextmanager
def create(file: Path, layout: Layout) -> Iterator[Write]:
    """Create the file of an image; nothing is left of it after an exception.

    Args:
        file: the file, with one of `ENDINGS`; an existing one is replaced.
        layout: how the image is stored.

    Yields:
        A function that writes a block. Every pixel must be written once.

    Raises:
        OSError: it cannot be written.
        ImportError: the library that writes it is not installed.
    """
    ending = file.suffix.lower()
    with replacing(file) as part:
        if ending == ".npy":
            opened = arrays.npy(part, layout)
        elif ending == ".npz":
            opened = arrays.npz(part, layout)
        elif ending in (".tif", ".tiff"):
            opened = tiff.create(part, layout)
        elif ending == ".hdr":
            opened = envi.create(part, files_written(file)[1], layout)
        elif ending == ".mat" and layout.version_5:
            opened = arrays.mat(part, layout)
        else:
            opened = hdf.create(part, layout, matlab=ending == ".mat")
        with opened as write:
            yield write
