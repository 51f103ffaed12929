"""TIFF files, read by tifffile: bands as samples of a pixel, as planes, or as pages."""

import re
from pathlib import Path
from typing import Any

from benchmark.data.formats.stored import (
    AXES,
    ContentError,
    StoredArray,
    by,
    narrowed,
    quiet,
    unread,
)
from benchmark.errors import listed

_SAMPLES = "S"
GDAL_METADATA = 42112  # the tag in which GDAL keeps facts about bands, as XML
_ITEM = re.compile(r'<Item name="(wavelength|wavelength_units)"[^>]* sample="(\d+)"[^>]*>([^<]+)<')


def read(file: Path, *, values: bool = True) -> StoredArray:
    """Read the only image with several bands in a TIFF file.

    Where the bands are samples of a pixel, the file says so. Pages may be bands or, as some
    programs write an array, rows; they are taken as bands. Wavelengths are those that GDAL keeps
    for each band (items `wavelength`, as of files that were converted from ENVI).

    Args:
        file: the file.
        values: False reads shape and type alone; the values are zeros.

    Raises:
        ContentError: it is damaged, compressed in a way that cannot be read here, or has other
            content.
        OSError: it cannot be opened.
        ImportError: tifffile is not installed.
    """
    try:
        with quiet("tifffile"):
            return _decoded(file, values=values)
    except (ContentError, OSError, MemoryError, ImportError):
        raise
    except Exception as error:
        needed = "; install it with: pip install imagecodecs" * ("imagecodecs" in str(error))
        raise ContentError(f"it cannot be decoded ({error}){needed}") from error


def _decoded(file: Path, *, values: bool) -> StoredArray:
    from tifffile import TiffFile

    with TiffFile(file) as opened:
        series = [one for one in opened.series if len(one.shape) == AXES]
        if len(series) != 1:
            found = listed(by(one.shape) for one in opened.series) or "no image"
            raise ContentError(f"expected one image of several bands, found {found}")
        for page in series[0].pages:
            # The library reads a strip without a place as zeros.
            if page is None or not all((*page.dataoffsets, *page.databytecounts)):
                raise ContentError("it is damaged: some of its strips are not there")
        shape, kind, axes = series[0].shape, series[0].dtype, series[0].axes
        array = narrowed(series[0].asarray()) if values else unread(shape, kind)
        tag = series[0].keyframe.tags.get(GDAL_METADATA)
    certain = _SAMPLES in axes
    axis = axes.index(_SAMPLES) if certain else 0
    nm, unit = _wavelengths(tag.value if tag else "", shape[axis])
    return StoredArray(array, axis, certain, nm, unit, kind.name)


def _wavelengths(metadata: Any, bands: int) -> tuple[tuple[float, ...], str]:
    """Return the wavelengths in GDAL's facts about bands, and their unit.

    Returns:
        None, unless every band has one.
    """
    items = _ITEM.findall(metadata) if isinstance(metadata, str) else []
    stated = {(name, int(band)): value for name, band, value in items}
    try:
        nm = tuple(float(stated["wavelength", band]) for band in range(bands))
    except (KeyError, ValueError):
        return (), ""
    return nm, stated.get(("wavelength_units", 0), "")
