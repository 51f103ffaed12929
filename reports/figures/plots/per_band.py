"""PSNR per band: each method's mean over the scenes, and the single scenes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.errors import counted
from benchmark.tools.images.model import BandAxis
from reports.figures.drawing.context import FigureContext
from reports.figures.drawing.style import SMALL, MethodStyles, drawing
from reports.figures.drawing.text import not_shown, wrapped

_HEIGHT, _ROW = 3.25, 1.1  # inches: of the whole, and of one row of small axes at least
_NAMES = 3.8  # inches for the names of one row of small axes


@dataclass(frozen=True)
class BandScores:
    """The PSNR per band of several methods on the same scenes.

    Attributes:
        wavelengths: of the bands, in nm; empty if unknown.
        values: a method's label to (scenes, bands) PSNR in dB; infinite where a band is perfect.
        scenes: names, as in the rows of the values.
        tested: total number of test scenes.
    """

    wavelengths: Sequence[float]
    values: Mapping[str, np.ndarray]
    scenes: Sequence[str]
    tested: int


@drawing()
def per_band_figure(
    scores: BandScores, context: FigureContext, left_out: Mapping[str, str] | None = None
) -> Figure:
    """Draw the PSNR per band: all methods' means together, and every method with its scenes.

    Args:
        scores: of the methods.
        context: heading and styles.
        left_out: methods without values, and why.
    """
    styles = context.styles
    labels = styles.ordered(list(scores.values))
    finite = {of: np.where(np.isfinite(x), x, np.nan) for of, x in scores.values.items()}
    means = {label: _mean(finite[label]) for label in labels}
    caption = "Left: mean over the scenes. Right: thin lines are single scenes, grey other means."
    if infinite := sum(int(np.isinf(of).sum()) for of in scores.values.values()):
        caption += f" Left out: {counted(infinite, 'band')} without any error (infinite PSNR)."
    columns = min((3, 4, 2), key=lambda count: (-len(labels) % count, abs(count - 3)))
    rows = math.ceil(len(labels) / columns)
    figure = context.new_figure(
        ["PSNR per band", _of_scenes(scores)],
        f"{caption} {not_shown(left_out or {}, styles)}",
        max(_HEIGHT, _ROW * rows + 0.3),
    )
    halves = figure.add_gridspec(1, 2, width_ratios=(2.9, 4))
    left, right = (figure.add_subfigure(halves[index]) for index in (0, 1))
    axis = BandAxis(tuple(scores.wavelengths), len(next(iter(means.values()))))
    positions = axis.positions
    axes = left.subplots()
    for index, (label, mean) in enumerate(means.items()):
        every = max(1, len(positions) // 5)
        axes.plot(positions, mean, markevery=(index % every, every), **styles.style(label).plot())
    _format_axes(axes, positions)
    axes.set_xlabel(axis.title)
    axes.set_ylabel("PSNR (dB)")
    small = right.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for one, label in zip(small, labels, strict=False):
        _draw_scenes(one, positions, label, finite[label], means, styles)
        name = wrapped(styles.title(label), _NAMES / columns - 0.1, SMALL, most=2)
        one.set_title(name, loc="left", size=SMALL, pad=3)
    small[0].set_ylim(*_limits(list(finite.values())))
    for index in range(len(labels), len(small)):
        small[index].remove()
        small[index - columns].tick_params(labelbottom=True)
    return figure


def _mean(values: np.ndarray) -> np.ndarray:
    """Average the finite values over the scenes; NaN for a band without any."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=0)
    counts = known.sum(axis=0)
    mean: np.ndarray = np.where(counts > 0, total / np.maximum(counts, 1), np.nan)
    return mean


def _of_scenes(scores: BandScores) -> str:
    shown, tested = len(scores.scenes), scores.tested
    if shown == 1:
        return scores.scenes[0]
    return f"mean over {f'all {tested}' if shown == tested else f'{shown} of {tested}'} test scenes"


def _limits(values: Sequence[np.ndarray]) -> tuple[float, float]:
    known = np.concatenate([np.ravel(of[np.isfinite(of)]) for of in values] or [np.zeros(0)])
    if not known.size:
        return 0.0, 1.0
    return float(known.min()) - 1, float(known.max()) + 1


def _draw_scenes(
    axes: Axes,
    positions: np.ndarray,
    label: str,
    values: np.ndarray,
    means: Mapping[str, np.ndarray],
    styles: MethodStyles,
) -> None:
    """Draw one method's scenes and mean on top of the other methods' means."""
    style = styles.style(label)
    for other, mean in means.items():
        if other != label:
            axes.plot(positions, mean, color="0.85", lw=0.6)
    for scene in values:
        axes.plot(positions, scene, color=style.colour, lw=0.5, alpha=0.6)
    axes.plot(
        positions,
        means[label],
        markevery=max(1, len(positions) // 4),
        **{**style.plot(), "ms": 3.5},
    )
    _format_axes(axes, positions, small=True)


def _format_axes(axes: Axes, positions: np.ndarray, *, small: bool = False) -> None:
    axes.set_xlim(positions.min(), max(positions.max(), positions.min() + 1))
    axes.xaxis.set_major_locator(
        MaxNLocator(3 if small else 6, integer=True, prune="both" if small else None)
    )
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
