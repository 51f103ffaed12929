"""The paper's Fig. 4 and 5: one band of a scene, every method's estimate and its error.

Wang et al. (2017) show the band at 550 nm: ground truth, low-resolution image, estimate, absolute
difference, and refer to the "number of pixels [with] errors below 1 in grayscale value". Here
that number is counted.
"""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure

from benchmark.tools.images.model import View
from reports.figures.drawing.context import FigureContext
from reports.figures.drawing.style import (
    DPI,
    ERRORS,
    GAMMA,
    GREY,
    SMALL,
    TEXT,
    MethodStyles,
    drawing,
)
from reports.figures.drawing.text import not_shown, shortened, size_for
from reports.figures.images import common_range, share_above
from reports.figures.plots.counts import BandErrors, band_errors, draw_counts
from reports.formatting import TIMES

_PANEL = 1.31  # inches; five panels fill the width of a page
_TEXTS = 0.62  # inches of text above and below a method's panels
_MOST = 5  # panels in a row


@drawing()
def band_figure(view: View, wanted: float, context: FigureContext) -> Figure:
    """Draw a scene's band with every method's estimate and, below it, its absolute error.

    All errors share one colour scale, which is also the axis of the counts: the share of pixels
    that differ by at most so many grey levels.

    Args:
        view: the scene with at least one estimate.
        wanted: wavelength in nm; the nearest band is shown, or the middle one of unknown ones.
        context: heading and styles.
    """
    band = view.axis.nearest(wanted)
    styles = context.styles
    labels = styles.ordered(list(view.estimates))
    errors = band_errors(view, band)
    colours = Normalize(0, common_range([errors[label].error for label in labels]))
    greys = PowerNorm(1 / GAMMA, 0, common_range([view.truth[band]], least=16))
    # One column for truth and low resolution, one or more for the counts.
    blocks = math.ceil((len(labels) + 2) / _MOST)
    columns = math.ceil((len(labels) + 2) / blocks)
    high = _PANEL * view.truth.shape[1] / view.truth.shape[2]
    figure = context.new_figure(
        [view.scene, view.axis.name(band)],
        _caption(view, [one.error for one in errors.values()], colours, greys, styles),
        blocks * (2 * high + _TEXTS) + 0.1,
        columns * (_PANEL + 0.106) + 0.12,
    )
    grid = figure.add_gridspec(2 * blocks, columns)

    def panels(slot: int) -> tuple[Axes, Axes]:
        block, column = divmod(slot, columns)
        upper, lower = grid[2 * block, column], grid[2 * block + 1, column]
        return figure.add_subplot(upper), figure.add_subplot(lower)

    upper, lower = panels(0)
    rows, wide = view.low.shape[1:]
    _show(upper, view.truth[band], GREY, greys)
    _show(lower, view.low[band], GREY, greys)
    upper.set_title("Ground truth", loc="left", weight="bold", pad=4)
    lower.set_xlabel(
        f"Low resolution: {rows} {TIMES} {wide}\npixels, enlarged", loc="left", size=SMALL
    )
    for slot, label in enumerate(labels, start=1):
        upper, lower = panels(slot)
        _show(upper, view.estimates[label][band], GREY, greys)
        _show(lower, errors[label].error, ERRORS, colours)
        _name(upper, label, styles)
        lower.set_xlabel(_numbers(errors[label]), loc="left", size=SMALL)
    block, column = divmod(len(labels) + 1, columns)
    counts = figure.add_subplot(grid[2 * block : 2 * block + 2, column:])
    draw_counts(counts, labels, errors, colours, styles)
    return figure


def _show(axes: Axes, image: np.ndarray, colours: str, norm: Normalize) -> None:
    # Small images are enlarged without interpolation, large ones are averaged.
    how = "nearest" if image.shape[1] <= _PANEL * DPI else "auto"
    axes.imshow(image, cmap=colours, norm=norm, interpolation=how)
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_linewidth(0.4)


def _name(axes: Axes, label: str, styles: MethodStyles) -> None:
    """Write a method's name above its panel, with its line as in the counts."""
    room, name = _PANEL - 0.4, styles.title(label)
    size = size_for(name, room, TEXT, bold=True)
    axes.set_title(" ", pad=4)  # as high as that of the ground truth
    legend = axes.legend(
        [styles.style(label).handle()],
        [shortened(name, room, size, bold=True)],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        borderpad=0,
        borderaxespad=0.3,
        prop={"weight": "bold", "size": size},
    )
    legend.set_in_layout(False)


def _numbers(errors: BandErrors) -> str:
    band, cube = (
        f"{value:.1f}" if math.isfinite(value) else "∞"
        for value in (errors.band_psnr, errors.cube_psnr)
    )
    return f"{100 * errors.below:.0f} % below 1 grey level\nband {band}, cube {cube} dB"


def _caption(
    view: View,
    errors: Sequence[np.ndarray],
    colours: Normalize,
    greys: Normalize,
    styles: MethodStyles,
) -> str:
    clipped = 100 * share_above(errors, float(colours.vmax or 0))
    text = (
        "Upper: estimates; lower: absolute difference from the ground truth, both in 8-bit grey "
        f"levels, one colour scale. It ends at {colours.vmax:.0f}; {clipped:.1f} % of the pixels "
        f"are above. Curves: pixels that differ by no more. White is {greys.vmax:.0f} of 255 grey "
        f"levels, shown with a gamma of {GAMMA}. PSNR of this band and of the whole cube."
    )
    return f"{text} {not_shown(view.left_out, styles)}"
