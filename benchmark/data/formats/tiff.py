"""TIFF files, read by tifffile: bands as samples of a pixel, as planes, or as pages."""

from pathlib import Path

from benchmark.data.formats.stored import AXES, ContentError, StoredArray, by, narrowed, quiet
from benchmark.errors import listed

_SAMPLES = "S"


def read(file: Path) -> StoredArray:
    """Read the only image with several bands in a TIFF file.

    Where the bands are samples of a pixel, the file says so. Pages may be bands or, as some
    programs write an array, rows; they are taken as bands.

    Raises:
        ContentError: it is damaged, compressed in a way that cannot be read here, or has other
            content.
        OSError: it cannot be opened.
        ImportError: tifffile is not installed.
    """
    try:
        with quiet("tifffile"):
            return _decoded(file)
    except (ContentError, OSError, MemoryError, ImportError):
        raise
    except Exception as error:
        needed = "; install it with: pip install imagecodecs" * ("imagecodecs" in str(error))
        raise ContentError(f"it cannot be decoded ({error}){needed}") from error


def _decoded(file: Path) -> StoredArray:
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
        values, axes = narrowed(series[0].asarray()), series[0].axes
    if _SAMPLES in axes:
        return StoredArray(values, axes.index(_SAMPLES), certain=True)
    return StoredArray(values, 0)
