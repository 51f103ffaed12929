"""How many pixels a method gets right: counted, and drawn above the colour scale as its axis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.figures.drawing.style import ERRORS, SMALL, TEXT, Roster, place, write
from reports.figures.drawing.text import height_of, width_of
from reports.figures.images import View, difference, psnr_of, share_below

_INDENT, _STRIP, _FOOT, _SPACE, _TIP = 0.34, 0.11, 0.30, 0.05, 0.08  # inches


@dataclass(frozen=True)
class Counted:
    """One method's differences in one band, and what is said of them.

    Attributes:
        apart: (rows, columns) absolute differences in grey levels.
        below: the part of the pixels below 1 grey level, 0 to 1.
        band_psnr: in dB, of this band.
        cube_psnr: in dB, of all bands.
    """

    apart: np.ndarray
    below: float
    band_psnr: float
    cube_psnr: float


def count(view: View, band: int) -> dict[str, Counted]:
    """Compare every estimate of a scene with the truth.

    Args:
        view: the scene.
        band: index of the band that is shown.
    """
    counted = {}
    for label, estimate in view.estimates.items():
        apart = difference(estimate[band], view.truth[band])
        cube = psnr_of(difference(estimate, view.truth))
        counted[label] = Counted(apart, share_below(apart), psnr_of(apart), cube)
    return counted


def draw_counts(
    figure: Figure,
    box: tuple[float, float, float, float],
    labels: Sequence[str],
    counted: Mapping[str, Counted],
    colours: Normalize,
    roster: Roster,
) -> None:
    """Draw how many pixels differ by at most so many grey levels, with the colour scale below.

    Args:
        figure: where.
        box: left, top, width and height in inches, from the figure's upper left corner.
        labels: the methods, in order.
        counted: their differences.
        colours: the colour scale of all differences.
        roster: names and looks of the methods.
    """
    left, top, wide, high = box
    heading = "Pixels that differ by at most …"
    size = min(TEXT, TEXT * wide / width_of(heading, TEXT, bold=True))
    write(figure, left, top - height_of(1, TEXT), heading, fontsize=size, fontweight="bold")
    wide -= _INDENT + _TIP
    high -= height_of(1, TEXT) + _SPACE + _STRIP + _FOOT
    axes = place(figure, left + _INDENT, top, wide, high)
    end = float(colours.vmax or 0)
    levels = np.arange(end + 1)
    every = max(1, len(levels) // 4)
    for index, label in enumerate(labels):
        shares = [100 * share_below(counted[label].apart, level + 1) for level in levels]
        look = roster.look(label)
        axes.plot(levels, shares, **look.line())
        axes.plot(levels, shares, markevery=(index % every, every), **look.point())
    axes.set(xlim=(0, end))
    axes.set_ylim(top=101)
    axes.yaxis.set_major_formatter("{x:.0f} %")
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.tick_params(axis="x", labelbottom=False)
    axes.tick_params(axis="y", pad=1.5)
    found = MaxNLocator(5 if wide < 1.5 else 8, integer=True).tick_values(0, end)
    ticks = [float(tick) for tick in found if 0 <= tick <= end]
    axes.set_xticks(ticks)
    # The tip for what lies above the scale goes beyond the axes, so that both agree below.
    bar = place(figure, left + _INDENT, top + high + _SPACE, wide + _TIP, _STRIP)
    scale = Colorbar(
        bar,
        ScalarMappable(colours, mpl.colormaps[ERRORS]),
        orientation="horizontal",
        extend="max",
        extendfrac=_TIP / wide,
    )
    scale.outline.set_linewidth(0.4)
    scale.set_ticks(ticks)
    bar.tick_params(pad=1.5)
    bar.set_xlabel("grey levels", labelpad=1.0, fontsize=SMALL)
