"""The paper's Fig. 4 and 5: one band of a scene, every method's estimate, and where it is wrong.

Wang et al. (2017) show the band at 550 nm: ground truth, low-resolution image, estimate, absolute
difference, and speak of the "number of pixels [with] errors below 1 in grayscale value". Here
that number is counted.
"""

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure

from reports.figures.drawing.style import (
    DOTS,
    ERRORS,
    GAMMA,
    GREY,
    SMALL,
    TEXT,
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
from reports.figures.images import View, common_range, nearest_band, share_above
from reports.figures.plots.counts import Counted, count, draw_counts
from reports.formatting import TIMES

_PANEL = 1.344  # inches; five of them are as wide as a page
_GAP = 0.08
_MOST = 5  # panels beside each other
_SAMPLE = 0.24  # of a method's line, beside its name


@dataclass(frozen=True)
class _Grid:
    """Where panels stand: blocks of two rows, columns of equal width; all in inches."""

    columns: int
    blocks: int
    high: float  # of a panel
    top: float  # of the first block

    @classmethod
    def of(cls, methods: int, shape: tuple[int, int], top: float) -> "_Grid":
        # One column for truth and low resolution, one or more for the counts.
        needed = methods + 2
        blocks = math.ceil(needed / _MOST)
        return cls(math.ceil(needed / blocks), blocks, _PANEL * shape[0] / shape[1], top)

    @property
    def width(self) -> float:
        return self.columns * (_PANEL + _GAP) - _GAP + 2 * MARGIN

    @property
    def block(self) -> float:
        return height_of(1, TEXT) + 2 * self.high + _GAP + height_of(2, SMALL) + 1.5 * _GAP

    @property
    def bottom(self) -> float:
        return self.top + self.blocks * self.block - 0.5 * _GAP

    def corner(self, slot: int) -> tuple[float, float]:
        """Give the upper left corner of a slot's upper panel."""
        block, column = divmod(slot, self.columns)
        left = MARGIN + column * (_PANEL + _GAP)
        return left, self.top + block * self.block + height_of(1, TEXT)


def band_figure(view: View, wanted: float, roster: Roster, heading: Heading) -> Figure:
    """Draw a scene's band with every method's estimate and, below it, its absolute difference.

    All differences share one colour scale, which is also the axis of the counts: how many pixels
    differ by at most so many grey levels.

    Args:
        view: the scene with at least one estimate.
        wanted: wavelength in nm; the nearest band is shown.
        roster: names and looks of the methods.
        heading: of the data set and scale.
    """
    band = nearest_band(view.wavelengths, wanted)
    labels = roster.ordered(list(view.estimates))
    counted = count(view, band)
    apart = [counted[label].apart for label in labels]
    colours = Normalize(0, common_range(apart))
    greys = PowerNorm(1 / GAMMA, 0, common_range([view.truth[band]], least=16))
    with drawing():
        grid = _Grid.of(len(labels), view.truth.shape[1:], heading.height())
        lines = wrapped(_caption(view, apart, colours, greys, roster), grid.width - 0.2, SMALL)
        figure = new_figure(grid.bottom + caption_height(lines), grid.width)
        heading.draw(figure, view.scene, f"{view.wavelengths[band]:g} nm")
        _truth_and_low(figure, grid, view, band, greys)
        for slot, label in enumerate(labels, start=1):
            _method(figure, grid, slot, label, roster)
            left, top = grid.corner(slot)
            _image(figure, left, top, grid, view.estimates[label][band], GREY, greys)
            below = top + grid.high + _GAP
            _image(figure, left, below, grid, counted[label].apart, ERRORS, colours)
            for row, text in enumerate(_told(counted[label])):
                at = below + grid.high + 0.02 + height_of(row, SMALL)
                write(figure, left, at, text, fontsize=SMALL)
        left, top = grid.corner(len(labels) + 1)
        free = grid.columns * grid.blocks - len(labels) - 1
        place_of = left, top, free * (_PANEL + _GAP) - _GAP, grid.block - 1.5 * _GAP
        draw_counts(figure, place_of, labels, counted, colours, roster)
        caption(figure, lines)
    return figure


def _told(counted: Counted) -> tuple[str, str]:
    return (
        f"{100 * counted.below:.0f} % below 1 grey level",
        f"band {_decibels(counted.band_psnr)}, cube {_decibels(counted.cube_psnr)} dB",
    )


def _decibels(value: float) -> str:
    return f"{value:.1f}" if math.isfinite(value) else "∞"


def _caption(
    view: View, apart: list[np.ndarray], colours: Normalize, greys: Normalize, roster: Roster
) -> str:
    clipped = 100 * share_above(apart, float(colours.vmax or 0))
    text = (
        "Upper: estimates; lower: absolute difference from the ground truth, both in 8-bit grey "
        f"levels, one colour scale. It ends at {colours.vmax:.0f}; {clipped:.1f} % of the pixels "
        f"lie above. Curves start at the pixels below 1. White is {greys.vmax:.0f} of 255 grey "
        f"levels, shown with a gamma of {GAMMA}. PSNR of this band and of the whole cube."
    )
    return f"{text} {not_shown(view.left_out, roster)}".rstrip()


def _truth_and_low(figure: Figure, grid: _Grid, view: View, band: int, greys: Normalize) -> None:
    left, top = grid.corner(0)
    middle = top - height_of(1, TEXT) / 2
    write(figure, left, middle, "Ground truth", fontweight="bold", va="center")
    _image(figure, left, top, grid, view.truth[band], GREY, greys)
    below = top + grid.high + _GAP
    _image(figure, left, below, grid, view.low[band], GREY, greys)
    rows, columns = view.low.shape[1:]
    at = below + grid.high + 0.02
    write(figure, left, at, "Low resolution", fontsize=SMALL, fontweight="bold")
    size = f"{rows} {TIMES} {columns} pixels, enlarged"
    write(figure, left, at + height_of(1, SMALL), size, fontsize=SMALL)


def _image(
    figure: Figure,
    left: float,
    top: float,
    grid: _Grid,
    image: np.ndarray,
    colours: str,
    norm: Normalize,
) -> None:
    axes = place(figure, left, top, _PANEL, grid.high)
    # Few pixels are enlarged as they are, many are averaged down.
    how = "nearest" if image.shape[1] <= _PANEL * DOTS else "auto"
    axes.imshow(image, cmap=colours, norm=norm, aspect="auto", interpolation=how)
    _frame(axes)


def _frame(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_linewidth(0.4)


def _method(figure: Figure, grid: _Grid, slot: int, label: str, roster: Roster) -> None:
    """Write a method's name above its column, with the line that stands for it in the counts."""
    left, top = grid.corner(slot)
    high = height_of(1, TEXT)
    sample = place(figure, left, top - high, _SAMPLE, high)
    sample.set_axis_off()
    sample.set(xlim=(0, 1), ylim=(0, 1))
    look = roster.look(label)
    sample.plot([0, 1], [0.6, 0.6], **look.line())
    sample.plot([0.5], [0.6], **look.point())
    start = left + _SAMPLE + 0.04
    name, size = shrunk(roster.title(label), _PANEL - _SAMPLE - 0.04, TEXT, bold=True)
    write(figure, start, top - high / 2, name, fontsize=size, fontweight="bold", va="center")
