"""Writer of ENVI files: a text header, and a file of raw values."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmark.data.formats.envi import ORDERS
from benchmark.data.formats.writing.arrays import into, reserve
from benchmark.data.formats.writing.layout import Layout, kind_bytes
from benchmark.store.files import replacing

# Numbers of the types in a header (NV5 Geospatial, ENVI header files).
_KINDS = {
    "uint8": 1, "int16": 2, "int32": 3, "float32": 4, "float64": 5,
    "uint16": 12, "uint32": 13, "int64": 14, "uint64": 15,
}  # fmt: skip


@contextmanager
def create(
    header: Path, values: Path, layout: Layout
) -> Iterator[Callable[[slice, slice, np.ndarray], None]]:
    """Write the values, which are mapped into memory, and their header with the wavelengths.

    Args:
        header: the header.
        values: the file of values; it is replaced before the header is.
        layout: how the image is stored.
    """
    from spectral.io import envi

    with replacing(values) as part:
        with part.open("w+b") as stream:
            reserve(stream.fileno(), kind_bytes(layout.kind, layout.shape))
            mapped = np.memmap(stream, layout.kind, "w+", shape=layout.stored_shape)
            yield into(layout.mapped(mapped))
            mapped.flush()
        envi.write_envi_header(str(header), _facts(layout))


def _facts(layout: Layout) -> dict[str, object]:
    rows, columns, bands = layout.shape
    facts: dict[str, object] = {
        "samples": columns,
        "lines": rows,
        "bands": bands,
        "header offset": 0,
        "data type": _KINDS[layout.kind],
        "interleave": next(name for name, axis in ORDERS.items() if axis == layout.axis),
        "byte order": int(sys.byteorder == "big"),
    }
    if layout.wavelengths:
        facts["wavelength units"] = "Nanometers"
        facts["wavelength"] = [f"{nm:.10g}" for nm in layout.wavelengths]
    return facts
