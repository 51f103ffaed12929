"""ENVI files, read by spectral: a text header `.hdr`, and a file of raw values beside it."""

from pathlib import Path

import numpy as np

from benchmark.data.formats.stored import ContentError, StoredArray, narrowed, quiet, unread

# Axis of the bands in the file of values, by the header's `interleave`.
ORDERS = {"bsq": 0, "bil": 1, "bip": 2}
# Endings of the file of values.
ENDINGS = ("", ".img", ".dat", ".raw", ".bin", ".bsq", ".bil", ".bip", ".hyspex")


def values_file(header: Path) -> Path | None:
    """Return the file of values of a header: of the same name, with another ending or none."""
    stem = header.with_suffix("")
    candidates = (
        stem.with_name(stem.name + cased)
        for ending in ENDINGS
        for cased in (ending, ending.upper())
    )
    return next((file for file in candidates if file.is_file()), None)


def read(header: Path, *, values: bool = True) -> StoredArray:
    """Read an image and the wavelengths of its header; a stated scale factor is not applied.

    Args:
        header: the header.
        values: False reads shape, type and wavelengths alone; the values are zeros.

    Raises:
        ContentError: the header or the values are damaged, missing or of another kind.
        OSError: they cannot be opened.
        ImportError: spectral is not installed.
    """
    file = values_file(header)
    if file is None:
        raise ContentError(f"no file of values is beside it, such as {header.stem}.img")
    try:
        with quiet("spectral"):
            return _decoded(header, file, values=values)
    except (ContentError, OSError, MemoryError, ImportError):
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise ContentError(f"it is damaged or cut short ({reason})") from error


def _decoded(header: Path, file: Path, *, values: bool) -> StoredArray:
    from spectral.io import envi
    from spectral.io.spyfile import SpyFile

    facts = envi.read_envi_header(str(header))
    if facts.get("file compression", "0").strip() != "0":
        raise ContentError("its values are compressed; save it without compression")
    opened = envi.open(str(header), str(file))
    if not isinstance(opened, SpyFile):
        raise ContentError("it is a spectral library; expected an image")
    try:
        mapped = opened.open_memmap(interleave="bip")
        found = narrowed(np.array(mapped)) if values else unread(mapped.shape, mapped.dtype)
    finally:
        opened.fid.close()
    nm = tuple(opened.bands.centers or ())
    if "wavelength" in facts and not nm:
        raise ContentError("expected numbers as the wavelengths of its header, found others")
    return StoredArray(
        found,
        2,
        certain=True,
        wavelengths=nm,
        unit=opened.bands.band_unit or "",
        kind=mapped.dtype.name,
        order=ORDERS.get(str(facts.get("interleave", "")).strip().lower()),
    )
