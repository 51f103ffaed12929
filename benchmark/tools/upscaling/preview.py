"""A false-colour picture of an image before and after, side by side."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from benchmark.data.formats.wavelengths import VISIBLE, false_colour_bands

LONGEST = 768  # rows and columns of each half, in pixels of the result; more is cut off around it
_SHORTEST = 256  # a smaller result is enlarged by whole pixels
_GAP, _TEXT = 8, 22
_BRIGHTEST = 99.5  # percentile of the input that is shown as white
_GAMMA = 2.2  # of screens


class Preview:
    """Collects three bands of the middle of a result.

    Args:
        cube: (rows, columns, bands), the image before.
        peak: the value that stands for 1.
        scale: the factor.
        wavelengths: of the bands, in nm; empty if unknown.
    """

    def __init__(
        self, cube: np.ndarray, peak: float, scale: int, wavelengths: Sequence[float]
    ) -> None:
        bands = cube.shape[2]
        # Unknown wavelengths are taken as if they covered the visible range evenly.
        known = list(wavelengths) or np.linspace(*VISIBLE, bands).tolist()
        self._bands = list(false_colour_bands(known))
        self._peak, self._scale = peak, scale
        self._window = tuple(_middle(size, LONGEST // scale) for size in cube.shape[:2])
        self._size = cube.shape[:2]
        self._before = cube[self._window][..., self._bands].astype(np.float32) / peak
        rows, columns = self._before.shape[:2]
        self._after = np.zeros((rows * scale, columns * scale, 3), np.float32)

    @property
    def whole(self) -> bool:
        """True if the window is the whole image."""
        return self._before.shape[:2] == self._size

    def add(self, rows: slice, columns: slice, block: np.ndarray) -> None:
        """Take what lies in the window from a block of the result, (rows, columns, bands)."""
        corner = [span.start * self._scale for span in self._window]
        sizes = self._after.shape[:2]
        into, out_of = [], []
        for span, first, size in zip((rows, columns), corner, sizes, strict=True):
            start, stop = max(span.start, first), min(span.stop, first + size)
            if start >= stop:
                return
            into.append(slice(start - first, stop - first))
            out_of.append(slice(start - span.start, stop - span.start))
        part = block[out_of[0], out_of[1]][..., self._bands]
        self._after[into[0], into[1]] = part.astype(np.float32) / self._peak

    def png(self, titles: tuple[str, str]) -> bytes:
        """Draw both halves with their titles; the pixels of the one before are repeated.

        Both are shown alike: black is 0, white what few values of the image before exceed.
        """
        white = float(np.percentile(self._before, _BRIGHTEST)) or 1.0
        repeated = self._before.repeat(self._scale, axis=0).repeat(self._scale, axis=1)
        enlarge = max(1, -(-_SHORTEST // max(1, min(self._after.shape[:2]))))
        enlarge = min(enlarge, max(1, LONGEST // max(self._after.shape[:2])))
        halves = [_shown(half, white, enlarge) for half in (repeated, self._after)]
        width, height = halves[0].size
        sheet = Picture.new("RGB", (2 * width + _GAP, height + _TEXT), "white")
        draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
        for number, (half, title) in enumerate(zip(halves, titles, strict=True)):
            left = number * (width + _GAP)
            sheet.paste(half, (left, _TEXT))
            shown = title
            while shown and draw.textlength(shown, font) > width:
                shown = shown[:-1]
            draw.text((left, 2), shown, "black", font)
        stream = io.BytesIO()
        sheet.save(stream, "PNG")
        return stream.getvalue()


def _middle(size: int, most: int) -> slice:
    length = min(size, max(most, 1))
    first = (size - length) // 2
    return slice(first, first + length)


def _shown(image: np.ndarray, white: float, enlarge: int) -> Picture.Image:
    levels = np.clip(image / white, 0, 1) ** (1 / _GAMMA) * 255
    picture = Picture.fromarray(np.rint(levels).astype(np.uint8), "RGB")
    rows, columns = image.shape[:2]
    return picture.resize((columns * enlarge, rows * enlarge), Picture.Resampling.NEAREST)
