"""Choice of the pixels whose spectra are shown: those requested, or bright and different ones."""

import re
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import maximum_filter, uniform_filter

from benchmark.errors import RequestError, counted

COUNT = 4
_WINDOW = 5  # pixels a side over which a spectrum is averaged before it is compared
_STEP = 4  # of the grid of candidate pixels
_BRIGHT = 0.25  # of the brightest level; darker spectra are mostly rounding error
_SATURATED = 230
_MIN_DISTANCE = 0.125  # of the shorter side, between any two pixels


def read_pixels(text: str) -> list[tuple[int, int]]:
    """Parse pixels as typed: `row,column;row,column`, from 0.

    Raises:
        RequestError: the text is not a list of pixels.
    """
    pixels = []
    items = [part.strip() for part in text.split(";")]
    for item in filter(None, items) if any(items) else items[: bool(text)]:
        found = re.fullmatch(r"([0-9]{1,9})\s*,\s*([0-9]{1,9})", item)
        if not found:
            raise RequestError(
                f"--pixels: '{item}' is not a pixel; write rows and columns from 0 like "
                "--pixels '120,80;300,411'"
            )
        pixels.append((int(found[1]), int(found[2])))
    return list(dict.fromkeys(pixels))


def check_pixels(pixels: Sequence[tuple[int, int]], shape: tuple[int, int], scene: str) -> None:
    """Check that pixels are inside a scene.

    Raises:
        RequestError: one is outside.
    """
    for row, column in pixels:
        if row >= shape[0] or column >= shape[1]:
            raise RequestError(
                f"--pixels: {row},{column} is outside {scene}, which has "
                f"{counted(shape[0], 'row')} and {counted(shape[1], 'column')}, counted from 0"
            )


def choose_pixels(truth: np.ndarray, count: int = COUNT) -> list[tuple[int, int]]:
    """Choose bright pixels whose mean spectra differ in shape as much as possible.

    The first is the brightest that is not saturated; each further one has the spectrum, scaled to
    length 1, that is farthest from those chosen (farthest-point clustering, Gonzalez 1985). The
    choice is deterministic.

    Args:
        truth: (bands, rows, columns) grey levels.
        count: how many; fewer where a scene has fewer different ones.

    Returns:
        (row, column) of each.
    """
    rows, columns = truth.shape[1:]
    smooth = uniform_filter(truth.astype(np.float32), size=(0, _WINDOW, _WINDOW))
    edges = [min(size // 4, 2 * _WINDOW) for size in (rows, columns)]
    grid_rows, grid_columns = (
        np.arange(edge, size - edge, _STEP)
        for edge, size in zip(edges, (rows, columns), strict=True)
    )
    places = np.stack(np.meshgrid(grid_rows, grid_columns, indexing="ij"), axis=-1).reshape(-1, 2)
    spectra = smooth[:, places[:, 0], places[:, 1]].T
    level = spectra.mean(axis=1)
    peak = maximum_filter(truth.max(axis=0), size=_WINDOW)[places[:, 0], places[:, 1]]
    plain = peak < _SATURATED
    usable = plain if plain.any() else np.ones_like(plain)
    usable &= level >= _BRIGHT * np.percentile(level[usable], 99)
    places, spectra, level = places[usable], spectra[usable], level[usable]
    shapes = spectra / np.maximum(np.linalg.norm(spectra, axis=1, keepdims=True), 1)
    chosen = [int(np.argmax(level))]
    distance = np.full(len(places), np.inf)
    while True:
        last = chosen[-1]
        distance = np.minimum(distance, np.linalg.norm(shapes - shapes[last], axis=1))
        near = np.linalg.norm(places - places[last], axis=1) < _MIN_DISTANCE * min(rows, columns)
        distance[near] = 0
        if len(chosen) == count or distance.max() <= 0:
            break
        chosen.append(int(np.argmax(distance)))
    return [(int(places[index, 0]), int(places[index, 1])) for index in chosen]
