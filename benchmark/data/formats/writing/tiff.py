"""Writer of TIFF files: a page for each band, or the bands as samples of a pixel."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmark.data.formats.tiff import GDAL_METADATA
from benchmark.data.formats.writing.arrays import into, reserve
from benchmark.data.formats.writing.layout import Layout


@contextmanager
def create(part: Path, layout: Layout) -> Iterator[Callable[[slice, slice, np.ndarray], None]]:
    """Write the array, which is mapped into memory, and its wavelengths as GDAL does."""
    from tifffile import memmap

    tags = []
    if layout.wavelengths:
        tags.append((GDAL_METADATA, "s", 0, _metadata(layout.wavelengths), True))
    samples = layout.axis == 2
    mapped = memmap(
        part,
        shape=layout.stored_shape,
        dtype=layout.kind,
        photometric="minisblack",
        planarconfig="contig" if samples else None,
        extratags=tags,
    )
    with part.open("r+b") as stream:
        reserve(stream.fileno(), part.stat().st_size)
    yield into(layout.mapped(mapped))
    mapped.flush()


def _metadata(wavelengths: tuple[float, ...]) -> str:
    items = [
        f'<Item name="{name}" sample="{band}">{value}</Item>'
        for band, nm in enumerate(wavelengths)
        for name, value in (("wavelength", f"{nm:.10g}"), ("wavelength_units", "Nanometers"))
    ]
    return f"<GDALMetadata>{''.join(items)}</GDALMetadata>"
