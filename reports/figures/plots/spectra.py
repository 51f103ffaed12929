"""Spectra at some pixels of a scene: the truth, every method, and how far they are apart."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from reports.figures.drawing.style import (
    GAMMA,
    INK,
    SMALL,
    TEXT,
    WIDTH,
    Roster,
    drawing,
    new_figure,
    place,
    write,
)
from reports.figures.drawing.text import (
    MARGIN,
    Heading,
    caption,
    caption_height,
    height_of,
    not_shown,
    shrunk,
    wrapped,
)
from reports.figures.images import LEVELS, View, nearest_band
from reports.formatting import DASH

_THUMBNAIL = 2.15  # inches
_RGB = (640.0, 550.0, 460.0)  # nm, shown as red, green and blue
_SPECTRUM, _APART = 1.15, 0.62  # inches, heights of the two axes of a pixel
_INDENT, _FOOT = 0.44, 0.30
_ROOM = 1.3  # of the largest difference, so that no tick stands at the edge
_KEY, _LOOSE = 0.14, 0.21  # inches a line of the legend, at least and at most
_ANGLE, _ANGLES = 0.25, 4  # inches a column of angles, and how many there are at most


def spectra_figure(
    view: View, pixels: Sequence[tuple[int, int]], roster: Roster, heading: Heading
) -> Figure:
    """Draw the spectra at some pixels, and below each the methods' differences from the truth.

    Args:
        view: the scene.
        pixels: (row, column) of each, inside the scene.
        roster: names and looks of the methods.
        heading: of the data set and scale.
    """
    labels = roster.ordered(list(view.estimates))
    told = (
        "Lower: estimate minus ground truth, on one scale for all pixels. Table: spectral angle at "
        "each pixel. Picture: the bands nearest 640, 550 and 460 nm as red, green and blue. "
        f"{not_shown(view.left_out, roster)}"
    )
    lines = wrapped(told, WIDTH - 0.2, SMALL)
    with drawing():
        top = heading.height()
        block = height_of(1, TEXT) + _SPECTRUM + _APART + _FOOT + 0.08
        rows = -(-len(pixels) // 2)
        high = _THUMBNAIL * view.truth.shape[1] / view.truth.shape[2]
        inner = max(rows * block, high + 0.1 + _KEY * (len(labels) + 1))
        figure = new_figure(top + inner + caption_height(lines) + 0.05)
        heading.draw(figure, view.scene, "spectra")
        _thumbnail(place(figure, MARGIN, top, _THUMBNAIL, high), view, pixels)
        line = min(_LOOSE, (inner - high - 0.1) / (len(labels) + 1))
        _key(figure, (top + high + 0.1, line), labels, view, pixels, roster)
        start = MARGIN + _THUMBNAIL + 0.1
        wide = (WIDTH - start - MARGIN) / 2
        reach = _reach(view, pixels)
        for index, pixel in enumerate(pixels):
            left = start + index % 2 * wide
            where = left, top + index // 2 * block, wide
            _pixel(figure, where, index, pixel, view, labels, roster, reach)
        caption(figure, lines)
    return figure


def _reach(view: View, pixels: Sequence[tuple[int, int]]) -> float:
    """Find the largest difference at any of the pixels, in grey levels."""
    found = [
        np.abs(estimate[:, row, column].astype(int) - view.truth[:, row, column]).max()
        for estimate in view.estimates.values()
        for row, column in pixels
    ]
    return float(max(2, *found))


def false_colour(cube: np.ndarray, wavelengths: Sequence[float]) -> np.ndarray:
    """Make a picture of a cube from the bands nearest 640, 550 and 460 nm.

    Args:
        cube: (bands, rows, columns) uint8 grey levels.
        wavelengths: of the bands, in nm.

    Returns:
        (rows, columns, 3) in 0 to 1, stretched to the 99.5th percentile and gamma-corrected.
    """
    picture = np.stack([cube[nearest_band(wavelengths, nm)] for nm in _RGB], axis=-1)
    top = max(1.0, float(np.percentile(picture, 99.5)))
    shown: np.ndarray = np.clip(picture / top, 0, 1) ** (1 / GAMMA)
    return shown


def _thumbnail(axes: Axes, view: View, pixels: Sequence[tuple[int, int]]) -> None:
    axes.imshow(false_colour(view.truth, view.wavelengths), aspect="auto")
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)
    columns = view.truth.shape[2]
    for number, (row, column) in enumerate(pixels, start=1):
        # Dark on light and light on dark: seen on any ground.
        axes.plot(column, row, "o", ms=5, mfc="none", mec="white", mew=2.2)
        axes.plot(column, row, "o", ms=5, mfc="none", mec=INK, mew=0.9)
        right = column < 0.85 * columns
        axes.annotate(
            str(number), (column, row), (5 if right else -5, 0), textcoords="offset points",
            ha="left" if right else "right", va="center", fontsize=TEXT, fontweight="bold",
            color=INK, path_effects=[withStroke(linewidth=2.2, foreground="white")],
        )  # fmt: skip


def spectral_angle(estimate: np.ndarray, truth: np.ndarray) -> float:
    """Give the angle between two spectra in degrees; NaN where one of them is all zero."""
    x, y = estimate.astype(float), truth.astype(float)
    lengths = float(np.linalg.norm(x) * np.linalg.norm(y))
    if lengths == 0:
        return math.nan
    return math.degrees(math.acos(min(1.0, float(x @ y) / lengths)))


def _key(
    figure: Figure,
    where: tuple[float, float],
    labels: Sequence[str],
    view: View,
    pixels: Sequence[tuple[int, int]],
    roster: Roster,
) -> None:
    """Write the legend below the thumbnail, with the spectral angles at the pixels."""
    top, each = where
    axes = place(figure, MARGIN, top, 0.28, each * (len(labels) + 1))
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(len(labels) + 1, 0))
    axes.plot([0, 1], [0.5, 0.5], color=INK, lw=2)
    for row, label in enumerate(labels, start=1):
        look = roster.look(label)
        axes.plot([0, 1], [row + 0.5] * 2, **look.line())
        axes.plot([0.5], [row + 0.5], **look.point())
    shown = list(enumerate(pixels, start=1))[:_ANGLES]
    start = MARGIN + _THUMBNAIL - _ANGLE * len(shown)
    for row, name in enumerate(["Ground truth", *map(roster.title, labels)]):
        text, size = shrunk(name, start - MARGIN - 0.33, SMALL)
        middle = top + (row + 0.5) * each
        write(figure, MARGIN + 0.33, middle, text, fontsize=size, va="center")
    for number, (line, column) in shown:
        right = start + number * _ANGLE
        texts = [f"{number}"]
        for label in labels:
            spectrum = view.estimates[label][:, line, column]
            angle = spectral_angle(spectrum, view.truth[:, line, column])
            texts.append(_degrees(angle))
        for row, text in enumerate(texts):
            how: dict[str, Any] = {"fontweight": "bold"} if row == 0 else {}
            middle = top + (row + 0.5) * each
            write(figure, right, middle, text, fontsize=SMALL, va="center", ha="right", **how)


def _degrees(angle: float) -> str:
    if math.isnan(angle):
        return DASH
    return f"{angle:.1f}°" if angle < 9.95 else f"{angle:.0f}°"


def _pixel(
    figure: Figure,
    where: tuple[float, float, float],
    number: int,
    pixel: tuple[int, int],
    view: View,
    labels: Sequence[str],
    roster: Roster,
    reach: float,
) -> None:
    (left, top, wide), (row, column) = where, pixel
    title = f"{number + 1}: row {row}, column {column}"
    write(figure, left + _INDENT, top, title, fontweight="bold")
    high = height_of(1, TEXT)
    upper = place(figure, left + _INDENT, top + high, wide - _INDENT - 0.06, _SPECTRUM)
    below = top + high + _SPECTRUM + 0.07
    lower = place(figure, left + _INDENT, below, wide - _INDENT - 0.06, _APART)
    truth = view.truth[:, row, column].astype(int)
    nm = np.array(view.wavelengths)
    upper.plot(nm, truth, color=INK, lw=2)
    lower.axhline(0, color=INK, lw=0.8)
    every = max(1, len(nm) // 6)
    for index, label in enumerate(labels):
        look = roster.look(label)
        values = view.estimates[label][:, row, column].astype(int)
        for axes, line in ((upper, values), (lower, values - truth)):
            axes.plot(nm, line, lw=0.9, **look.line())
            axes.plot(nm, line, markevery=(index % every, every), ms=3, **look.point())
    upper.set(ylim=(0, min(LEVELS, 1.06 * max(truth.max(), upper.get_ylim()[1]))))
    lower.set(ylim=(-_ROOM * reach, _ROOM * reach))
    upper.tick_params(axis="x", labelbottom=False)
    for axes in (upper, lower):
        axes.set_xlim(nm.min(), nm.max() if len(nm) > 1 else nm.min() + 1)
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10], integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.tick_params(pad=1.5)
    lower.set_xlabel("wavelength (nm)", labelpad=1)
    if number % 2 == 0:
        upper.set_ylabel("grey level", labelpad=2)
        lower.set_ylabel("difference", labelpad=2)
