"""PSNR of every band: each method's mean over the scenes, and the scenes behind it."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.figures.drawing.style import SMALL, WIDTH, Roster, drawing, new_figure, place, write
from reports.figures.drawing.text import (
    MARGIN,
    Heading,
    caption,
    caption_height,
    height_of,
    not_shown,
    wrapped,
)

_BIG = 2.75  # inches, width of the axes with all methods
_HIGH = 2.9  # of both parts
_LEAST = 1.05  # height of a small one
_BETWEEN = 0.06


def per_band_figure(
    wavelengths: Sequence[float],
    values: Mapping[str, np.ndarray],
    scenes: Sequence[str],
    tested: int,
    roster: Roster,
    heading: Heading,
    left_out: Mapping[str, str] | None = None,
) -> Figure:
    """Draw the PSNR per band: all methods' means together, and every method with its scenes.

    Args:
        wavelengths: of the bands, in nm.
        values: a method's label to (scenes, bands) PSNR in dB; infinite where a band is perfect.
        scenes: names, as in the values' rows.
        tested: how many test scenes there are in all.
        roster: names and looks of the methods.
        heading: of the data set and scale.
        left_out: methods without values, and why.
    """
    labels = roster.ordered(list(values))
    finite = {label: np.where(np.isfinite(of), of, np.nan) for label, of in values.items()}
    means = {label: _mean(finite[label]) for label in labels}
    told = "Left: mean over the scenes. Right: thin lines are single scenes, grey the other means."
    if lost := sum(int(np.isinf(of).sum()) for of in values.values()):
        told += f" {lost} bands without any error (infinite PSNR) are left out of lines and means."
    lines = wrapped(f"{told} {not_shown(left_out or {}, roster)}", WIDTH - 0.2, SMALL)
    columns = _columns(len(labels))
    rows = math.ceil(len(labels) / columns)
    inner = max(_HIGH, _LEAST * rows)
    nm = np.array(wavelengths)
    with drawing():
        top = heading.height()
        figure = new_figure(top + inner + 0.36 + caption_height(lines))
        heading.draw(figure, "PSNR per band", _of_scenes(scenes, tested))
        big = place(figure, 0.46, top, _BIG, inner)
        _all(big, nm, means, roster)
        left = 0.46 + _BIG + 0.36
        wide = (WIDTH - left - MARGIN + 0.08) / columns
        high = (inner + _BETWEEN) / rows
        limits = _limits(list(finite.values()))
        names = [wrapped(roster.title(label), wide - 0.08, SMALL)[:2] for label in labels]
        indent = height_of(max(map(len, names)), SMALL)
        for index, (label, name) in enumerate(zip(labels, names, strict=True)):
            row, column = divmod(index, columns)
            at = left + column * wide, top + row * high
            for line, part in enumerate(reversed(name), start=1):
                write(figure, at[0], at[1] + indent - height_of(line, SMALL), part, fontsize=SMALL)
            axes = place(figure, at[0], at[1] + indent, wide - 0.08, high - indent - _BETWEEN)
            _alone(axes, nm, label, finite[label], means, roster)
            axes.set(ylim=limits)
            below = index + columns >= len(labels)
            axes.tick_params(labelleft=column == 0, labelbottom=below)
        caption(figure, lines)
    return figure


def _columns(count: int) -> int:
    """Choose 3, 4 or 2 columns, whichever leaves the fewest places empty."""
    return min((3, 4, 2), key=lambda columns: (-count % columns, abs(columns - 3)))


def _mean(values: np.ndarray) -> np.ndarray:
    """Average over scenes what is finite; NaN for a band where nothing is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=0)
    counts = known.sum(axis=0)
    mean: np.ndarray = np.where(counts > 0, total / np.maximum(counts, 1), np.nan)
    return mean


def _of_scenes(scenes: Sequence[str], tested: int) -> str:
    if len(scenes) == 1:
        return scenes[0]
    if len(scenes) == tested:
        return f"mean over all {tested} test scenes"
    return f"mean over {len(scenes)} of {tested} test scenes"


def _limits(values: Sequence[np.ndarray]) -> tuple[float, float]:
    known = np.concatenate([np.ravel(of[np.isfinite(of)]) for of in values] or [np.zeros(0)])
    if not known.size:
        return 0.0, 1.0
    return float(known.min()) - 1, float(known.max()) + 1


def _all(axes: Axes, nm: np.ndarray, means: Mapping[str, np.ndarray], roster: Roster) -> None:
    every = max(1, len(nm) // 5)
    for index, (label, mean) in enumerate(means.items()):
        look = roster.look(label)
        axes.plot(nm, mean, **look.line())
        axes.plot(nm, mean, markevery=(index % every, every), **look.point())
    _dress(axes, nm, 6)
    axes.set_xlabel("wavelength (nm)", labelpad=1)
    axes.set_ylabel("PSNR (dB)", labelpad=2)


def _alone(
    axes: Axes,
    nm: np.ndarray,
    label: str,
    values: np.ndarray,
    means: Mapping[str, np.ndarray],
    roster: Roster,
) -> None:
    look = roster.look(label)
    for other, mean in means.items():
        if other != label:
            axes.plot(nm, mean, color="0.85", lw=0.6)
    for scene in values:
        axes.plot(nm, scene, color=look.colour, lw=0.5, alpha=0.6)
    every = max(1, len(nm) // 4)
    axes.plot(nm, means[label], **look.line())
    axes.plot(nm, means[label], markevery=every, ms=3.5, **look.point())
    _dress(axes, nm, 3)


def _dress(axes: Axes, nm: np.ndarray, most: int) -> None:
    axes.set_xlim(nm.min(), nm.max() if len(nm) > 1 else nm.min() + 1)
    prune = None if most > 3 else "both"
    axes.xaxis.set_major_locator(MaxNLocator(most, integer=True, prune=prune))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.tick_params(pad=1.5)
    axes.tick_params(labelsize=SMALL if most > 3 else SMALL - 0.5)
