"""Training curves: validation PSNR and loss against steps and against seconds."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.store.cells import Cell
from reports.figures.drawing.axes import log_ticks, plain_numbers
from reports.figures.drawing.style import SMALL, WIDTH, Roster, drawing, new_figure, place, write
from reports.figures.drawing.text import (
    MARGIN,
    Heading,
    caption,
    caption_height,
    fitting,
    height_of,
    not_shown,
    wrapped,
)
from reports.formatting import duration

_HIGH = 1.55  # inches, of one axes
_KEY, _BESIDE = 0.36, 4  # height of a row of the legend, and how many stand in one
_FEW = 0.1  # of the usual steps between two validations: too few for a mean loss
_LOGARITHMIC = 20  # a range that spans more than this factor is drawn on a logarithmic axis


def curves_of(cells: Sequence[Cell]) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Read the training curves of finished cells.

    Returns:
        A method's label to its rows of step, loss, psnr and seconds; and the methods that were
        trained but have no readable curve, with the reason. What is not trained is in neither.
    """
    curves, without = {}, {}
    for cell in cells:
        try:
            rows = cell.training()
        except (OSError, ValueError) as error:
            without[cell.address.method] = (
                f"its training curve cannot be read ({type(error).__name__})"
            )
            continue
        if rows is not None and len(rows):
            curves[cell.address.method] = rows
    return curves, without


def training_figure(
    curves: Mapping[str, pd.DataFrame],
    roster: Roster,
    heading: Heading,
    left_out: Mapping[str, str] | None = None,
) -> Figure:
    """Draw validation PSNR and training loss against steps and against seconds.

    Args:
        curves: a method's label to rows with step, loss, psnr and seconds.
        roster: names and looks of the methods.
        heading: of the data set and scale.
        left_out: methods that should be here and are not, and why.
    """
    labels = roster.ordered(list(curves))
    told = (
        "PSNR on the validation scenes; mean training loss since the validation before (not drawn "
        "for a last few steps). Losses of different methods measure different things: compare "
        "their course, not their height. Below: the best PSNR and the time of the whole training. "
        f"{not_shown(left_out or {}, roster)}"
    )
    lines = wrapped(told, WIDTH - 0.2, SMALL)
    with drawing():
        top = heading.height()
        inner = 2 * _HIGH + 0.12 + 0.38
        key = _KEY * -(-len(labels) // _BESIDE)
        figure = new_figure(top + inner + key + caption_height(lines))
        heading.draw(figure, "training")
        wide = (WIDTH - 0.52 - MARGIN - 0.12) / 2
        for column, against in enumerate(("step", "seconds")):
            for row, what in enumerate(("psnr", "loss")):
                left, at = 0.52 + column * (wide + 0.12), top + row * (_HIGH + 0.12)
                axes = place(figure, left, at, wide, _HIGH)
                for label in labels:
                    look = roster.look(label)
                    rows = curves[label] if what == "psnr" else _settled(curves[label])
                    x, y = rows[against], rows[what]
                    axes.plot(x, y, **look.line())
                    axes.plot(x, y, ms=3.5, **look.point())
                _dress(axes, against, what, [curves[label] for label in labels])
                axes.tick_params(labelbottom=row == 1, labelleft=column == 0)
                axes.set_ylabel(axes.get_ylabel() if column == 0 else "")
                axes.set_xlabel(axes.get_xlabel() if row == 1 else "", labelpad=1)
        _key(figure, top + inner, labels, curves, roster)
        caption(figure, lines)
    return figure


def _dress(axes: Axes, against: str, what: str, curves: Sequence[pd.DataFrame]) -> None:
    axes.set_xlabel({"step": "steps", "seconds": "seconds of training"}[against])
    axes.set_ylabel({"psnr": "validation PSNR (dB)", "loss": "training loss"}[what])
    if what == "loss":
        losses = np.concatenate([rows["loss"].to_numpy(float) for rows in curves])
        _maybe_log(axes, "y", losses)
    else:
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ends = np.concatenate([rows[against].to_numpy(float) for rows in curves])
    _maybe_log(axes, "x", ends)
    axes.tick_params(pad=1.5)


def _maybe_log(axes: Axes, direction: str, values: np.ndarray) -> None:
    known = values[np.isfinite(values)]
    axis = axes.xaxis if direction == "x" else axes.yaxis
    if known.size and known.min() > 0 and known.max() > _LOGARITHMIC * known.min():
        log_ticks(axes, direction)
    else:
        axis.set_major_locator(MaxNLocator(5))
        axis.set_major_formatter(plain_numbers())


def _settled(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows whose loss is a mean of far fewer steps than usual."""
    steps = rows["step"].diff().fillna(rows["step"])
    return rows[steps >= _FEW * steps.median()]


def _key(
    figure: Figure,
    top: float,
    labels: Sequence[str],
    curves: Mapping[str, pd.DataFrame],
    roster: Roster,
) -> None:
    """Write the legend below the axes, each method with its best PSNR and its time."""
    each = (WIDTH - 0.52 - MARGIN) / _BESIDE
    for index, label in enumerate(labels):
        row, column = divmod(index, _BESIDE)
        left, at = 0.52 + column * each, top + row * _KEY
        sample = place(figure, left, at, 0.36, height_of(1, SMALL))
        sample.set_axis_off()
        sample.set(xlim=(0, 1), ylim=(0, 1))
        look = roster.look(label)
        sample.plot([0, 1], [0.5, 0.5], **look.line())
        sample.plot([0.5], [0.5], **look.point())
        name = fitting(roster.title(label), each - 0.48, SMALL, bold=True)
        write(figure, left + 0.42, at, name, fontsize=SMALL, fontweight="bold")
        best = float(curves[label]["psnr"].max())
        took = duration(float(curves[label]["seconds"].max()))
        below = at + height_of(1, SMALL)
        write(figure, left + 0.42, below, f"best {best:.2f} dB, {took}", fontsize=SMALL)
