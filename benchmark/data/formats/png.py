"""CAVE's bands as PNG files, checked to the last byte: PIL alone passes over much damage.

Every chunk's CRC-32 and the pixels' Adler-32 are verified, and the pixels must be exactly as many
as the header says. A file with one byte flipped, swapped or lost is so refused, or the byte carried
no pixel. Two whole files that changed names are another matter: only `Cave.verify` sees that.
"""

import io
import zlib
from dataclasses import dataclass

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KINDS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA"}
MOST_PIXELS = 1 << 22  # CAVE has 2**18; a header may claim anything, and a scene has 31 of them


@dataclass(frozen=True)
class _Header:
    """What stands in a PNG's first chunk; `rest` is for compression, filters and interlacing."""

    rows: int
    columns: int
    depth: int
    kind: int
    rest: bytes


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

    header, data = _parts(content)
    rows, columns = header.rows, header.columns
    if (header.depth, header.kind) != ((8, 6) if colour else (16, 0)):
        raise ValueError(
            f"expected a {'8-bit RGBA' if colour else '16-bit grey'} PNG, "
            f"found {header.depth}-bit {KINDS.get(header.kind, header.kind)}"
        )
    if any(header.rest):
        raise ValueError(f"expected no interlacing, found methods {list(header.rest)}")
    if not 0 < rows * columns <= MOST_PIXELS:
        raise ValueError(f"it claims {rows} x {columns} pixels")
    lines = _inflated(data, rows * (1 + columns * (4 if colour else 2)))
    # PIL, which undoes the rows' filters, gets nothing else that could change its mind.
    bare = (b"IHDR", content[16:29]), (b"IDAT", zlib.compress(lines, 0)), (b"IEND", b"")
    try:
        with Image.open(io.BytesIO(SIGNATURE + b"".join(_chunk(*part) for part in bare))) as image:
            band = np.asarray(image)
    except (OSError, SyntaxError) as error:  # PIL's for damage
        raise ValueError(str(error)) from error
    if not colour:
        return band.astype(np.uint16, copy=False)
    if (band[..., :3] != band[..., :1]).any() or (band[..., 3] != 255).any():
        raise ValueError("expected R = G = B and alpha 255 in every pixel, found others")
    return band[..., 0]


def _parts(content: bytes) -> tuple[_Header, bytes]:
    """Walk the chunks and their checksums; give the header and the packed pixels.

    Raises:
        ValueError: what is wrong.
    """
    if not content.startswith(SIGNATURE):
        raise ValueError("not a PNG file" if content else "an empty file")
    place, kind, data = len(SIGNATURE), b"", []
    while kind != b"IEND":
        length = int.from_bytes(content[place : place + 4], "big")
        end = place + 12 + length
        if len(content) < end:
            raise ValueError("the file is cut short")
        kind, body = content[place + 4 : place + 8], content[place + 8 : end - 4]
        if zlib.crc32(body, zlib.crc32(kind)) != int.from_bytes(content[end - 4 : end], "big"):
            raise ValueError("a checksum does not agree")
        first = place == len(SIGNATURE)
        if first != (kind == b"IHDR") or (first and length != 13):
            raise ValueError("it has no header, or several")
        # An upper-case letter first: whoever does not know the chunk cannot show the image.
        if kind[0] & 32 == 0 and kind not in (b"IHDR", b"PLTE", b"IDAT", b"IEND"):
            raise ValueError(f"it holds an unknown part {kind!r}")
        data += [body] * (kind == b"IDAT")
        place = end
    columns, rows = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    return _Header(rows, columns, content[24], content[25], content[26:29]), b"".join(data)


def _inflated(data: bytes, size: int) -> bytes:
    """Unpack the pixels, which must be `size` bytes, neither more nor less, and verify them."""
    unpacker = zlib.decompressobj()
    try:
        lines = unpacker.decompress(data, size + 1)
        # What is left at the exact size is the checksum, and no byte of pixels.
        lines += unpacker.decompress(unpacker.unconsumed_tail, 1)
    except zlib.error as error:
        raise ValueError(f"its pixels cannot be unpacked ({error})") from error
    if len(lines) != size or not unpacker.eof or unpacker.unused_data:
        raise ValueError(f"expected {size} bytes of pixels and their checksum, found others")
    return lines


def _chunk(kind: bytes, body: bytes) -> bytes:
    crc = zlib.crc32(body, zlib.crc32(kind))
    return len(body).to_bytes(4, "big") + kind + body + crc.to_bytes(4, "big")
