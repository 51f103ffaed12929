"""Training curves: validation PSNR and loss against steps and against seconds."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.store.cells import Cell
from reports.figures.drawing.context import FigureContext
from reports.figures.drawing.style import SMALL, drawing, set_log_scale, short_numbers
from reports.figures.drawing.text import not_shown, shortened
from reports.formatting import duration

_HEIGHT, _LEGEND_ROW = 3.4, 0.33  # inches
_LEGEND_COLUMNS, _LONGEST = 4, 1.25  # the latter in inches of a name
_FEW = 0.1  # of the usual steps between validations: too few for a mean loss
_LOGARITHMIC = 20  # a range that spans more than this factor is drawn on a logarithmic axis
_LABELS = {
    "step": "steps",
    "seconds": "seconds of training",
    "psnr": "validation PSNR (dB)",
    "loss": "training loss",
}


def curves_of(cells: Sequence[Cell]) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Read the training curves of finished cells.

    Returns:
        A method's label to its rows of step, loss, psnr and seconds; and the methods that were
        trained but have no readable curve, with the reason. Untrained methods are in neither.
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


@drawing()
def training_figure(
    curves: Mapping[str, pd.DataFrame],
    context: FigureContext,
    left_out: Mapping[str, str] | None = None,
    elsewhere: Mapping[str, str] | None = None,
    seconds: str = "",
) -> Figure:
    """Draw validation PSNR and training loss against steps and against seconds.

    Args:
        curves: a method's label to rows with step, loss, psnr and seconds.
        context: heading and styles.
        left_out: methods without a curve, and why.
        elsewhere: methods that were trained on another machine, and its name; their seconds are
            not shown.
        seconds: what limits the comparison of seconds, as a sentence; empty for nothing.
    """
    styles = context.styles
    labels = styles.ordered(list(curves))
    others = {label: name for label, name in (elsewhere or {}).items() if label in curves}
    named = (f"{styles.title(label)} ({others[label]})" for label in labels if label in others)
    where = f"Without the seconds of other machines, not comparable: {'; '.join(named)}. "
    caption = (
        "PSNR on the validation scenes; mean training loss since the previous validation (not "
        "drawn for a last few steps). Losses of different methods measure different things: "
        "compare their course, not their height. Legend: the best PSNR and the time of the whole "
        f"training. {where if others else ''}{seconds} {not_shown(left_out or {}, styles)}"
    )
    height = _HEIGHT + _LEGEND_ROW * -(-len(labels) // _LEGEND_COLUMNS)
    figure = context.new_figure(["training"], caption, height)
    body = figure.add_subfigure(figure.add_gridspec(1, 1)[0])  # its legend is above the caption
    grid = body.subplots(2, 2, sharex="col", sharey="row")
    for column, x in enumerate(("step", "seconds")):
        for row, y in enumerate(("psnr", "loss")):
            axes = grid[row, column]
            drawn = [label for label in labels if x == "step" or label not in others]
            for label in drawn:
                rows = curves[label] if y == "psnr" else _without_few_steps(curves[label])
                axes.plot(rows[x], rows[y], ms=3.5, **styles.style(label).plot())
            _format_axes(axes, x, y, [curves[label] for label in drawn])
            axes.set_xlabel(_LABELS[x])
            axes.set_ylabel(_LABELS[y])
            axes.label_outer()
    body.align_ylabels()
    body.legend(
        [styles.style(label).handle() for label in labels],
        [_legend_text(one, curves[one], context, timed=one not in others) for one in labels],
        loc="outside lower center",
        ncols=_LEGEND_COLUMNS,
    )
    return figure


def _legend_text(label: str, rows: pd.DataFrame, context: FigureContext, *, timed: bool) -> str:
    name = shortened(context.styles.title(label), _LONGEST, SMALL)
    best = float(rows["psnr"].max())
    # Without validation scenes there is none.
    parts = [f"best {best:.2f} dB"] if math.isfinite(best) else []
    parts += [duration(float(rows["seconds"].max()))] if timed else []
    return f"{name}\n{', '.join(parts)}"


def _format_axes(axes: Axes, x: str, y: str, curves: Sequence[pd.DataFrame]) -> None:
    if y == "loss":
        _choose_scale(axes, "y", [rows["loss"] for rows in curves])
    else:
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    _choose_scale(axes, "x", [rows[x] for rows in curves])


def _choose_scale(axes: Axes, direction: str, columns: Sequence[pd.Series]) -> None:
    values = np.concatenate([column.to_numpy(float) for column in columns])
    known = values[np.isfinite(values)]
    if known.size and known.min() > 0 and known.max() > _LOGARITHMIC * known.min():
        set_log_scale(axes, direction, short_numbers() if known.min() >= 0.1 else "{x:g}")
        return
    axis = axes.xaxis if direction == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(5))
    large = known.size and known.max() >= 10_000
    axis.set_major_formatter(short_numbers() if large else "{x:g}")


def _without_few_steps(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows whose loss is a mean over far fewer steps than usual."""
    steps = rows["step"].diff().fillna(rows["step"])
    return rows[steps >= _FEW * steps.median()]
