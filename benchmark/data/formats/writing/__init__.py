"""Writers of images, the counterparts of the readers in `benchmark.data.formats.images`."""

from benchmark.data.formats.writing.arrays import into
from benchmark.data.formats.writing.file import (
    WITHOUT_WAVELENGTHS,
    Write,
    create,
    files_written,
)
from benchmark.data.formats.writing.layout import Layout, layout_of

__all__ = ["WITHOUT_WAVELENGTHS", "Layout", "Write", "create", "files_written", "into", "layout_of"]
