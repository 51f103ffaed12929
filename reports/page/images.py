"""Images in the page: windows of test scenes, packed without loss, as large as there is room.

A cube of grey levels becomes one WebP image: three bands are its red, green and blue, the next
three stand below them. Read back, every value is what it was.
"""

import base64
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from reports.page.seen import Preview, Seen

SIZES = (192, 160, 128, 112, 104, 96, 88, 80, 72, 64, 56, 48, 40, 32, 24, 16)
_TAG = 64  # bytes around an image in the page, at most
# Where red, green and blue are looked for, in nm; other ranges are cut in proportion.
_FALSE_COLOUR, _VISIBLE = (620.0, 550.0, 460.0), (400.0, 720.0)


@dataclass
class Album:
    """The images of a page; the same image is kept once.

    Attributes:
        texts: in base64, in the order of their numbers.
    """

    texts: list[str] = field(default_factory=list)
    _numbers: dict[bytes, int] = field(default_factory=dict)

    def add(self, image: bytes) -> int:
        """Take an image and give its number."""
        if image not in self._numbers:
            self._numbers[image] = len(self.texts)
            self.texts.append(base64.b64encode(image).decode())
        return self._numbers[image]

    def cube(self, cube: np.ndarray) -> dict[str, Any]:
        """Take a cube: its image's number, its shape, and the sum of its values as a check."""
        return {
            "image": self.add(packed(cube)),
            "shape": [int(length) for length in cube.shape],
            "sum": int(cube.sum(dtype=np.int64)),
        }

    @property
    def size(self) -> int:
        """Give the bytes that the images take in the page, their tags included."""
        return sum(len(text) + _TAG for text in self.texts)


def packed(cube: np.ndarray) -> bytes:
    """Pack a cube without loss.

    Args:
        cube: (bands, rows, columns) uint8.

    Returns:
        A WebP image, a third of the bands times the rows high.
    """
    bands, rows, columns = cube.shape
    triples = -(-bands // 3)
    # The last band again, not zeros: what is alike takes no room.
    whole = np.concatenate([cube, np.repeat(cube[-1:], triples * 3 - bands, axis=0)])
    pixels = whole.reshape(triples, 3, rows, columns).transpose(0, 2, 3, 1)
    stream = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels.reshape(triples * rows, columns, 3)))
    image.save(stream, "WEBP", lossless=True, quality=75, method=4)
    return stream.getvalue()


def false_colour(wavelengths: Sequence[float]) -> list[int]:
    """Choose the bands for red, green and blue.

    Args:
        wavelengths: of the bands, in nm; a range that is not the visible one is cut where the
            visible one would be.
    """
    known = np.asarray(wavelengths, dtype=float)
    low, high = float(known.min()), float(known.max())
    wanted = list(_FALSE_COLOUR)
    if not all(low <= nm <= high for nm in wanted):
        span = _VISIBLE[1] - _VISIBLE[0]
        wanted = [low + (nm - _VISIBLE[0]) / span * (high - low) for nm in wanted]
    return [int(np.abs(known - nm).argmin()) for nm in wanted]


def fitted(seen: Sequence[Seen], room: int, largest: int) -> tuple[Album, list[dict[str, Any]]]:
    """Make the album with the largest windows that there is room for.

    Args:
        seen: what there is.
        room: bytes that the images may take in the page.
        largest: rows and columns that a window must not exceed.

    Returns:
        The images, and what the page knows of them, by section.
    """
    sides = [max(one.preview.truth.shape[1:]) for one in seen if one.preview is not None]
    widest = min(largest, max(sides, default=largest))
    sizes = [widest, *(size for size in SIZES if size < widest)]
    while True:
        album, known = _album(seen, sizes[0])
        taken = album.size + len(json.dumps(known))
        if taken <= room or len(sizes) == 1:
            return album, known
        # What an image takes grows with its area; the next try is the first likely to fit.
        share = room / taken * sizes[0] ** 2
        sizes = [size for size in sizes[1:] if size**2 <= share] or sizes[-1:]


def _album(seen: Iterable[Seen], size: int) -> tuple[Album, list[dict[str, Any]]]:
    album = Album()
    sections: dict[int, dict[str, Any]] = {}
    for one in seen:
        section = sections.setdefault(
            one.section, {"section": one.section, "scenes": {}, "absent": []}
        )
        if one.preview is None:
            section["absent"].append([one.method, one.scale, one.scene, one.why])
            continue
        view = _cut(one.preview, one.scale, size)
        scene = section["scenes"].setdefault(one.scene, _scene(album, view))
        if one.scale not in [scale for scale, _ in scene["low"]]:
            scene["low"].append([one.scale, album.cube(view["low"])])
        scene["shown"].append(
            [one.method, one.scale, album.cube(view["estimate"]), _psnr(one.preview.error)]
        )
    for section in sections.values():
        section["scenes"] = sorted(section["scenes"].items())
    return album, list(sections.values())


def _scene(album: Album, view: Mapping[str, Any]) -> dict[str, Any]:
    colours = false_colour(view["wavelengths"])
    overview = view["overview"]
    stream = io.BytesIO()
    pixels = np.ascontiguousarray(overview[colours].transpose(1, 2, 0))
    Image.fromarray(pixels).save(stream, "WEBP", quality=80)
    return {
        "wavelengths": [round(float(nm), 1) for nm in view["wavelengths"]],
        "colours": colours,
        "shape": view["shape"],
        "corner": view["corner"],
        "truth": album.cube(view["truth"]),
        "overview": album.add(stream.getvalue()),
        "small": list(overview.shape[1:]),
        "low": [],
        "shown": [],
    }


def _cut(preview: Preview, scale: int, size: int) -> dict[str, Any]:
    """Keep the middle of a window."""
    shape = preview.truth.shape[1:]
    rows, columns = (min(size, length) for length in shape)
    top, left = ((length - kept) // 2 for length, kept in zip(shape, (rows, columns), strict=True))
    window = (slice(None), slice(top, top + rows), slice(left, left + columns))
    corner = [int(preview.corner[0]) + top, int(preview.corner[1]) + left]
    return {
        "wavelengths": preview.wavelengths,
        "shape": [int(length) for length in preview.shape],
        "corner": corner,
        "truth": preview.truth[window],
        "estimate": preview.estimate[window],
        "low": _cut_low(preview, scale, corner, (rows, columns)),
        "overview": preview.overview,
    }


def _cut_low(
    preview: Preview, scale: int, corner: Sequence[int], shape: Sequence[int]
) -> np.ndarray:
    """Keep the low-resolution pixels that touch the smaller window."""
    slices = [slice(None)]
    for axis in (0, 1):
        origin = int(preview.corner[axis]) // scale
        first, last = corner[axis] // scale, (corner[axis] + shape[axis] - 1) // scale
        slices.append(slice(first - origin, last - origin + 1))
    return preview.low[tuple(slices)]


def _psnr(error: np.ndarray) -> list[float | None]:
    """Give the PSNR of every band in dB; null where a band has no error."""
    return [round(10 * float(np.log10(255**2 / one)), 3) if one > 0 else None for one in error]
