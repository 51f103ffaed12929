"""CAVE's bands as PNG files, checked to the last byte: PIL alone passes over much damage."""

import io
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KINDS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA"}
MOST_PIXELS = 1 << 26  # CAVE has 2**18; a header may claim anything


def decode(content: bytes, colour: bool) -> np.ndarray:
    """Decode one band.

    Args:
        content: the file's bytes.
        colour: whether it is 8-bit RGBA, as one scene of CAVE, instead of 16-bit grey.

    Returns:
        (rows, columns), uint8 where it is in colour, else uint16.

    Raises:
        ValueError: the file is damaged, or of another kind; what is wrong.
    """
    from PIL import Image

    rows, columns, depth, kind = _header(content)
    if (depth, kind) != ((8, 6) if colour else (16, 0)):
        raise ValueError(
            f"expected a {'8-bit RGBA' if colour else '16-bit grey'} PNG, "
            f"found {depth}-bit {KINDS.get(kind, kind)}"
        )
    if not 0 < rows * columns <= MOST_PIXELS:
        raise ValueError(f"it claims {rows} x {columns} pixels")
    try:
        with Image.open(io.BytesIO(content)) as image:
            band = np.asarray(image)
    except (OSError, SyntaxError) as error:  # PIL's for damage
        raise ValueError(str(error)) from error
    if not colour:
        return band.astype(np.uint16, copy=False)
    if (band[..., :3] != band[..., :1]).any() or (band[..., 3] != 255).any():
        raise ValueError("expected R = G = B and alpha 255 in every pixel, found others")
    return band[..., 0]


def _header(content: bytes) -> tuple[int, int, int, int]:
    """Walk the chunks and their checksums.

    Returns:
        Rows, columns, bit depth and colour type.

    Raises:
        ValueError: what is wrong.
    """
    if not content.startswith(SIGNATURE):
        raise ValueError("not a PNG file" if content else "an empty file")
    place, kind = len(SIGNATURE), b""
    while kind != b"IEND":
        length = int.from_bytes(content[place : place + 4], "big")
        end = place + 12 + length
        if len(content) < end:
            raise ValueError("the file is cut short")
        kind = content[place + 4 : place + 8]
        stated = int.from_bytes(content[end - 4 : end], "big")
        if zlib.crc32(content[place + 4 : end - 4]) != stated:
            raise ValueError("a checksum does not agree")
        place = end
    if content[8:16] != b"\x00\x00\x00\x0dIHDR":
        raise ValueError("it has no header")
    columns, rows = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    return rows, columns, content[24], content[25]
