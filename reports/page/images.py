"""Images in the page: windows of test scenes, losslessly compressed, as large as the limit allows.

A cube of grey levels becomes one WebP image: three bands are its red, green and blue, the next
three are below them. Decoding restores every value.
"""

import base64
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from PIL import Image

from benchmark.tools.images.model import Preview, psnr

SMALLEST = 16  # rows and columns of the smallest window, whatever the limit
_FIRST = 550.0  # nm, the band that is shown at first
_LONGEST = 16383  # rows and columns of a WebP image, at most
_TAG = 64  # bytes around an image in the page, at most
_SAMPLE = 24  # previews that the size of all is guessed from


@dataclass(frozen=True)
class PlacedPreview:
    """The preview of one scene by one cell with its place in the page, or why there is none.

    Attributes:
        section: index of its section in the page's list.
        method: index of its method in the section's list.
        scale: the factor itself.
        scene: index of its scene in the section's list.
        preview: None where there is none.
        reason: one line where there is none, else empty.
    """

    section: int
    method: int
    scale: int
    scene: int
    preview: Preview | None
    reason: str


@dataclass
class ImageStore:
    """The images of a page; equal images are stored once.

    Attributes:
        texts: in base64, in the order of their numbers.
    """

    texts: list[str] = field(default_factory=list)
    _numbers: dict[bytes, int] = field(default_factory=dict)

    def add(self, image: bytes) -> int:
        """Add an image unless it is already stored; return its number."""
        if image not in self._numbers:
            self._numbers[image] = len(self.texts)
            self.texts.append(base64.b64encode(image).decode())
        return self._numbers[image]

    def cube(self, cube: np.ndarray) -> dict[str, Any]:
        """Add a cube; return its image's number, its shape, and a checksum (the sum of values)."""
        return {
            "image": self.add(packed(cube)),
            "shape": [int(length) for length in cube.shape],
            "sum": int(cube.sum(dtype=np.int64)),
        }

    @property
    def size(self) -> int:
        """Return the number of bytes of the images in the page, with their tags."""
        return sum(len(text) + _TAG for text in self.texts)


def packed(cube: np.ndarray) -> bytes:
    """Compress a cube without loss.

    Args:
        cube: (bands, rows, columns) uint8.

    Returns:
        A WebP image, a third of the bands times the rows high.
    """
    bands, rows, columns = cube.shape
    triples = -(-bands // 3)
    # The last band again, not zeros: repeated values compress best.
    whole = np.concatenate([cube, np.repeat(cube[-1:], triples * 3 - bands, axis=0)])
    pixels = whole.reshape(triples, 3, rows, columns).transpose(0, 2, 3, 1)
    stream = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels.reshape(triples * rows, columns, 3)))
    image.save(stream, "WEBP", lossless=True, quality=75, method=4)
    return stream.getvalue()


def fit_to_size(
    previews: Sequence[PlacedPreview], room: int, largest: int | None = None
) -> tuple[ImageStore, list[dict[str, Any]]]:
    """Store the previews with the largest windows that fit into a number of bytes.

    Args:
        previews: of all scenes and cells.
        room: maximum number of bytes of the images in the page.
        largest: maximum rows and columns of a window; not cropped if None.

    Returns:
        The images, and their descriptions by section.
    """
    previews = _aligned(previews)
    sides = [max(one.preview.truth.shape[1:]) for one in previews if one.preview is not None]
    whole = max(sides, default=SMALLEST)
    whole = whole if largest is None else min(whole, largest)
    size = min(whole, max(SMALLEST, _guessed(previews, room, whole)))
    while True:
        store, known = _store(previews, size)
        taken = store.size + len(json.dumps(known))
        if taken <= room or size <= SMALLEST:
            return store, known
        # Bytes grow with the area of the windows.
        size = max(SMALLEST, int(0.97 * size * math.sqrt(max(room, 0) / taken)))


def _guessed(previews: Sequence[PlacedPreview], room: int, size: int) -> int:
    """Guess the largest window that fits from a few of the previews, as compressing takes long."""
    known = [one for one in previews if one.preview is not None]
    if len(known) <= _SAMPLE:
        return size
    sample = [known[index * len(known) // _SAMPLE] for index in range(_SAMPLE)]
    bytes_each = [
        len(packed(_cut(one.preview, one.scale, size).estimate)) * 4 / 3
        for one in sample
        if one.preview is not None
    ]
    # Each scene of a table has one truth, and a low-resolution image for each scale.
    scenes = len({(one.section, one.scene) for one in known})
    scales = {(one.section, one.scene, one.scale) for one in known}
    images = len(known) + scenes + sum(1 / scale**2 for _, _, scale in scales)
    taken = images * sum(bytes_each) / len(bytes_each)
    return size if taken <= room else int(size * math.sqrt(max(room, 0) / taken))


def _store(previews: Iterable[PlacedPreview], size: int) -> tuple[ImageStore, list[dict[str, Any]]]:
    store = ImageStore()
    sections: dict[int, dict[str, Any]] = {}
    for one in previews:
        section = sections.setdefault(
            one.section, {"section": one.section, "scenes": {}, "absent": []}
        )
        if one.preview is None:
            section["absent"].append([one.method, one.scale, one.scene, one.reason])
            continue
        view = _cut(one.preview, one.scale, size)
        if one.scene not in section["scenes"]:
            section["scenes"][one.scene] = _scene(store, view)
        scene = section["scenes"][one.scene]
        if one.scale not in [scale for scale, _ in scene["low"]]:
            scene["low"].append([one.scale, store.cube(view.low)])
        scene["shown"].append(
            [one.method, one.scale, store.cube(view.estimate), _psnr_per_band(view.error)]
        )
    for section in sections.values():
        section["scenes"] = sorted(section["scenes"].items())
    return store, list(sections.values())


def _scene(store: ImageStore, view: Preview) -> dict[str, Any]:
    axis = view.axis
    stream = io.BytesIO()
    pixels = np.ascontiguousarray(view.overview.transpose(1, 2, 0))
    Image.fromarray(pixels).save(stream, "WEBP", quality=80)
    return {
        "positions": [round(float(one), 1) for one in axis.positions],
        "axis": axis.title,
        "bands": [axis.name(band) for band in range(axis.bands)],
        "first": axis.nearest(_FIRST),
        "colours": axis.false_colour(),
        "shape": view.shape.tolist(),
        "corner": view.corner.tolist(),
        "truth": store.cube(view.truth),
        "overview": store.add(stream.getvalue()),
        "small": list(view.overview.shape[1:]),
        "low": [],
        "shown": [],
    }


def _aligned(previews: Sequence[PlacedPreview]) -> list[PlacedPreview]:
    """Crop the previews of a scene to the rows and columns that it has at all scales.

    A protocol may cut a scene to a multiple of the scale; a page shows one truth at every scale.
    """
    least: dict[tuple[int, int], np.ndarray] = {}
    for one in previews:
        if one.preview is not None:
            at, shape = (one.section, one.scene), np.array(one.preview.truth.shape[1:])
            least[at] = np.minimum(least.get(at, shape), shape)
    first = np.zeros(2, int)
    return [
        one
        if one.preview is None
        else replace(
            one, preview=_part(one.preview, one.scale, first, least[one.section, one.scene])
        )
        for one in previews
    ]


def _cut(preview: Preview, scale: int, size: int) -> Preview:
    """Crop a preview to the middle of its window, and to what an image of all bands can hold."""
    whole = np.array(preview.truth.shape[1:])
    most = np.array((_LONGEST // -(-len(preview.truth) // 3), _LONGEST))
    shape = np.minimum(size, np.minimum(whole, most))
    return _part(preview, scale, (whole - shape) // 2, shape)


def _part(preview: Preview, scale: int, start: np.ndarray, shape: np.ndarray) -> Preview:
    """Crop a preview, low resolution to the pixels that touch the window."""
    corner = preview.corner + start
    first = corner // scale - preview.corner // scale
    last = (corner + shape - 1) // scale - preview.corner // scale
    window = _window(start, start + shape)
    return replace(
        preview,
        corner=corner,
        truth=preview.truth[window],
        estimate=preview.estimate[window],
        low=preview.low[_window(first, last + 1)],
    )


def _window(start: np.ndarray, end: np.ndarray) -> tuple[slice, ...]:
    return (slice(None), *map(slice, start, end))


def _psnr_per_band(error: np.ndarray) -> list[float | None]:
    """Return the PSNR of every band in dB; null for a band without any error."""
    return [round(psnr(float(one)), 3) if one > 0 else None for one in error]
