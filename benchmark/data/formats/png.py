"""Bands stored as PNG files, decoded by PIL after their checksums have been verified."""

import io
import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.PngImagePlugin import PngImageFile

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KINDS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA"}
_COLOURS = {6: "RGBA", 2: "RGB", 0: "L", 4: "LA"}  # PIL's modes of kinds that hold the same values
_WITH_ALPHA = (2, 4)  # numbers of channels
MAX_PIXELS = 1 << 22  # CAVE has 2**18; a header may claim anything, and a scene has 31 of them
_HEADER = struct.Struct(">8s8sIIBBBBB")  # signature, length and name of the first chunk, fields


def decode(content: bytes, colour: bool) -> np.ndarray:
    """Decode one band, verifying the CRC-32 of every chunk.

    Args:
        content: the file's bytes.
        colour: True for 8-bit RGBA with R = G = B, as in one scene of CAVE, or what programs make
            of it without loss: RGB, grey, grey with alpha; False for 16-bit grey.

    Returns:
        (rows, columns), uint8 if `colour`, else uint16.

    Raises:
        ValueError: the file is damaged or of another kind.
    """
    size = _checked_size(content, colour)
    try:
        with _opened(content, size, colour) as image:
            image.verify()
        with _opened(content, size, colour) as image:
            band = np.asarray(image)
    except Exception as error:  # PIL raises nearly any type for a damaged file
        raise ValueError(f"it is damaged or cut short ({error})") from error
    if not colour:
        return band.astype(np.uint16, copy=False)
    channels = band.reshape(*band.shape[:2], -1)
    alpha = channels.shape[2] in _WITH_ALPHA
    grey = channels[..., : channels.shape[2] - alpha]
    if (grey != grey[..., :1]).any() or (alpha and (channels[..., -1] != 255).any()):
        raise ValueError("expected R = G = B and alpha 255 in every pixel, found others")
    return np.ascontiguousarray(grey[..., 0])


def _checked_size(content: bytes, colour: bool) -> tuple[int, int]:
    """Return columns and rows from the header, before anything is decoded.

    Raises:
        ValueError: the header is damaged, of another kind, or claims too many pixels.
    """
    if not content.startswith(SIGNATURE):
        raise ValueError("not a PNG file" if content else "an empty file")
    if len(content) < _HEADER.size:
        raise ValueError("the file is cut short")
    _, chunk, columns, rows, depth, kind, *methods = _HEADER.unpack_from(content)
    if chunk != b"\0\0\0\rIHDR":
        raise ValueError("it has no header")
    if (depth, kind) not in ([(8, kind) for kind in _COLOURS] if colour else [(16, 0)]):
        raise ValueError(
            f"expected a {'8-bit RGBA' if colour else '16-bit grey'} PNG, "
            f"found {depth}-bit {KINDS.get(kind, kind)}"
        )
    if any(methods):
        raise ValueError(f"expected no interlacing, found methods {methods}")
    if not 0 < rows * columns <= MAX_PIXELS:
        raise ValueError(f"it claims {rows} x {columns} pixels")
    return columns, rows


def _opened(content: bytes, size: tuple[int, int], colour: bool) -> "PngImageFile":
    from PIL.PngImagePlugin import PngImageFile

    image = PngImageFile(io.BytesIO(content))
    # A second header replaces the first one.
    if image.size != size or image.mode not in (_COLOURS.values() if colour else ("I;16", "I")):
        raise ValueError("it has several headers")
    if colour and "transparency" in image.info:
        raise ValueError("expected alpha 255 in every pixel, found a transparent colour")
    return image
