"""Spectra at some pixels of a scene: the truth, every method, and their differences."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from benchmark.tools.images.model import LEVELS, BandAxis, View
from reports.figures.drawing.context import FigureContext
from reports.figures.drawing.style import GAMMA, INK, SMALL, TEXT, MethodStyles, drawing
from reports.figures.drawing.text import not_shown, shortened, size_for
from reports.figures.images import abs_error
from reports.formatting import DASH

_LEFT, _RIGHT = 2.35, 4.85  # inches: scene and legend, spectra
_PIXEL = 2.5  # inches: height of the axes of a pixel
_LINE, _LOOSE = 0.15, 0.21  # inches: minimum and maximum height of a line of the legend
_ROOM = 1.3  # of the largest difference, so that no tick is at the edge
_ANGLES = 4  # maximum number of columns of angles
_ANGLE, _HANDLE = 0.115, 0.12  # widths of a column of angles and of a line, of the legend's


@drawing()
def spectra_figure(view: View, pixels: Sequence[tuple[int, int]], context: FigureContext) -> Figure:
    """Draw the spectra at some pixels, and below each the methods' differences from the truth.

    Args:
        view: the scene.
        pixels: (row, column) of each, inside the scene.
        context: heading and styles.
    """
    styles = context.styles
    labels = styles.ordered(list(view.estimates))
    colours = [view.axis.name(band) for band in view.axis.false_colour()]
    caption = (
        "Lower: estimate minus ground truth, on one scale for all pixels. Table: spectral angle at "
        f"each pixel. Picture: {', '.join(colours)} as red, green and blue. "
        f"{not_shown(view.left_out, styles)}"
    )
    rows = -(-len(pixels) // 2)
    picture = _LEFT * view.truth.shape[1] / view.truth.shape[2]
    height = max(_PIXEL * rows, picture + 0.1 + _LINE * (len(labels) + 1))
    figure = context.new_figure([view.scene, "spectra"], caption, height)
    halves = figure.add_gridspec(1, 2, width_ratios=(_LEFT, _RIGHT))
    left, right = (figure.add_subfigure(halves[index]) for index in (0, 1))
    line = min(_LOOSE, (height - picture - 0.1) / (len(labels) + 1))
    heights = [picture, line * (len(labels) + 1)]
    rest = height - sum(heights)
    upper, lower = left.subplots(3, height_ratios=[*heights, max(rest, 0.01)])[:2]
    left.axes[2].set_axis_off()
    _draw_scene(upper, view, pixels)
    _draw_table(lower, labels, view, pixels, styles)
    grid = right.add_gridspec(2 * rows, 2, height_ratios=[1.15, 0.62] * rows)
    for index, pixel in enumerate(pixels):
        row, column = divmod(index, 2)
        axes = (
            right.add_subplot(grid[2 * row, column]),
            right.add_subplot(grid[2 * row + 1, column]),
        )
        axes[0].set_title(
            f"{index + 1}: row {pixel[0]}, column {pixel[1]}", loc="left", weight="bold", pad=3
        )
        _draw_spectra(*axes, view, pixel, styles)
        if column == 0:
            axes[0].set_ylabel("grey level")
            axes[1].set_ylabel("difference")
    reach = _ROOM * _largest_difference(view, pixels)
    for one in right.axes[1::2]:
        one.set_ylim(-reach, reach)
    right.align_ylabels()
    return figure


def _largest_difference(view: View, pixels: Sequence[tuple[int, int]]) -> float:
    """Return the largest difference at any of the pixels, in grey levels; at least 2."""
    found = [
        abs_error(estimate[:, row, column], view.truth[:, row, column]).max()
        for estimate in view.estimates.values()
        for row, column in pixels
    ]
    return float(max(2, *found))


def false_colour(cube: np.ndarray, axis: BandAxis) -> np.ndarray:
    """Return a cube as a picture in false colour.

    Args:
        cube: (bands, rows, columns) grey levels.
        axis: of the bands.

    Returns:
        (rows, columns, 3) in 0 to 1, stretched to the 99.5th percentile and gamma-corrected.
    """
    picture = np.stack([cube[band] for band in axis.false_colour()], axis=-1)
    top = max(1.0, float(np.percentile(picture, 99.5)))
    shown: np.ndarray = np.clip(picture / top, 0, 1) ** (1 / GAMMA)
    return shown


def _draw_scene(axes: Axes, view: View, pixels: Sequence[tuple[int, int]]) -> None:
    axes.imshow(false_colour(view.truth, view.axis))
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)
    columns = view.truth.shape[2]
    for number, (row, column) in enumerate(pixels, start=1):
        # Dark on light and light on dark: visible on any background.
        axes.plot(column, row, "o", ms=5, mfc="none", mec="white", mew=2.2)
        axes.plot(column, row, "o", ms=5, mfc="none", mec=INK, mew=0.9)
        right = column < 0.85 * columns
        axes.annotate(
            str(number), (column, row), (5 if right else -5, 0), textcoords="offset points",
            ha="left" if right else "right", va="center", fontsize=TEXT, fontweight="bold",
            color=INK, path_effects=[withStroke(linewidth=2.2, foreground="white")],
        )  # fmt: skip


def spectral_angle(estimate: np.ndarray, truth: np.ndarray) -> float:
    """Return the angle between two spectra in degrees; NaN where one of them is all zero."""
    x, y = estimate.astype(float), truth.astype(float)
    lengths = float(np.linalg.norm(x) * np.linalg.norm(y))
    if lengths == 0:
        return math.nan
    return math.degrees(math.acos(min(1.0, float(x @ y) / lengths)))


def _draw_table(
    axes: Axes,
    labels: Sequence[str],
    view: View,
    pixels: Sequence[tuple[int, int]],
    styles: MethodStyles,
) -> None:
    """Draw the legend, with the spectral angles at the pixels as columns of a table."""
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(len(labels) + 0.5, -0.5))
    shown = pixels[:_ANGLES]
    room = _LEFT * (1 - _HANDLE - 0.05 - _ANGLE * len(shown))
    axes.plot([0, _HANDLE], [0, 0], color=INK, lw=2)
    axes.text(_HANDLE + 0.03, 0, "Ground truth", size=SMALL, va="center")
    for row, label in enumerate(labels, start=1):
        middle = _HANDLE / 2
        axes.plot([0, middle, _HANDLE], [row] * 3, markevery=[1], **styles.style(label).plot())
        size = size_for(styles.title(label), room, SMALL)
        name = shortened(styles.title(label), room, size)
        axes.text(_HANDLE + 0.03, row, name, size=size, va="center")
    for column, (line, sample) in enumerate(shown):
        right = 1 - _ANGLE * (len(shown) - 1 - column)
        axes.text(right, 0, str(column + 1), size=SMALL, va="center", ha="right", weight="bold")
        truth = view.truth[:, line, sample]
        for row, label in enumerate(labels, start=1):
            angle = _degrees(spectral_angle(view.estimates[label][:, line, sample], truth))
            axes.text(right, row, angle, size=SMALL, va="center", ha="right")


def _degrees(angle: float) -> str:
    if math.isnan(angle):
        return DASH
    return f"{angle:.1f}°" if angle < 9.95 else f"{angle:.0f}°"


def _draw_spectra(
    upper: Axes, lower: Axes, view: View, pixel: tuple[int, int], styles: MethodStyles
) -> None:
    """Draw the spectra at a pixel, and below them their differences from the truth."""
    row, column = pixel
    truth = view.truth[:, row, column].astype(float)
    positions = view.axis.positions
    upper.plot(positions, truth, color=INK, lw=2)
    lower.axhline(0, color=INK, lw=0.8)
    every = max(1, len(positions) // 6)
    for index, label in enumerate(styles.ordered(list(view.estimates))):
        values = view.estimates[label][:, row, column].astype(float)
        how: dict[str, Any] = {"lw": 0.9, "ms": 3, "markevery": (index % every, every)}
        for axes, line in ((upper, values), (lower, values - truth)):
            axes.plot(positions, line, **how, **styles.style(label).plot())
    upper.set_ylim(0, min(LEVELS, 1.06 * max(truth.max(), upper.get_ylim()[1])))
    upper.tick_params(axis="x", labelbottom=False)
    lower.set_xlabel(view.axis.title)
    for axes in (upper, lower):
        axes.set_xlim(positions.min(), max(positions.max(), positions.min() + 1))
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10], integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
