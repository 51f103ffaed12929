"""The share of pixels within an error, drawn above the colour scale of the errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from benchmark.tools.images.model import View
from reports.figures.drawing.style import ERRORS, MethodStyles
from reports.figures.images import abs_error, psnr_of, share_below, share_within

_STEP = 0.25  # grey levels between the points of a curve where images are not rounded
_TIP = 0.07  # of the axes' width: the tip of the colour scale


@dataclass(frozen=True)
class BandErrors:
    """One method's absolute errors in one band, and their statistics.

    Attributes:
        error: (rows, columns) absolute differences in grey levels.
        below: the fraction of pixels below 1 grey level, 0 to 1.
        band_psnr: in dB, of this band.
        cube_psnr: in dB, of all bands.
    """

    error: np.ndarray
    below: float
    band_psnr: float
    cube_psnr: float


def band_errors(view: View, band: int) -> dict[str, BandErrors]:
    """Compare every estimate of a scene with the truth.

    Args:
        view: the scene.
        band: index of the band that is shown.
    """
    found = {}
    for label, estimate in view.estimates.items():
        error = abs_error(estimate[band], view.truth[band])
        cube = psnr_of(abs_error(estimate, view.truth))
        found[label] = BandErrors(error, share_below(error), psnr_of(error), cube)
    return found


def draw_counts(
    axes: Axes,
    labels: Sequence[str],
    errors: Mapping[str, BandErrors],
    colours: Normalize,
    styles: MethodStyles,
) -> None:
    """Draw the share of pixels within each error in grey levels, with the colour scale below.

    Args:
        axes: where to draw.
        labels: the methods, in order.
        errors: of the methods.
        colours: the colour scale of all errors.
        styles: of the methods.
    """
    axes.set_title("Pixels within", loc="left", weight="bold")
    end = float(colours.vmax or 0)
    # Images that were rounded differ by whole levels.
    whole = all(np.array_equal(of.error, np.rint(of.error)) for of in errors.values())
    step = 1.0 if whole else _STEP
    levels = np.arange(0, end + step, step)
    every = max(1, len(levels) // 4)
    for index, label in enumerate(labels):
        shares = [100 * share_within(errors[label].error, level) for level in levels]
        axes.plot(levels, shares, markevery=(index % every, every), **styles.style(label).plot())
    axes.set_xlim(0, end)
    axes.set_ylim(top=101)
    # On the left the labels would push the images apart.
    axes.yaxis.tick_right()
    axes.spines.left.set_visible(False)
    axes.spines.right.set_visible(True)
    axes.yaxis.set_major_formatter("{x:.0f} %")
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.tick_params(axis="x", labelbottom=False)
    # The tip for values above the scale is outside the axes, so that both have the same ticks.
    bar = axes.inset_axes((0, -0.075, 1 + _TIP, 0.045))
    scale = axes.get_figure().colorbar(  # type: ignore[union-attr]
        ScalarMappable(colours, ERRORS), cax=bar, orientation="horizontal", extend="max",
        extendfrac=_TIP, ticks=MaxNLocator(5, integer=True),
    )  # fmt: skip
    scale.outline.set_linewidth(0.4)
    scale.set_label("grey levels of the truth")
