"""Average ranks over scales, data sets and scenes: which method is usually first."""

from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from reports.analysis.results import mean
from reports.figures.drawing.context import FigureContext
from reports.figures.drawing.style import INK, TEXT, drawing
from reports.figures.drawing.text import shortened

_ROW = 0.27  # inches a method
_LONGEST = 1.6  # inches of a name
_LARGEST = 130.0  # points squared, the area of a dot that holds all of a method's ranks


@drawing()
def rank_figure(
    ranks: Mapping[str, Sequence[float]], context: FigureContext, caption: str
) -> Figure:
    """Draw every method's ranks as dots, large where it has a rank often, and their mean.

    Args:
        ranks: a method's label to its ranks, 1 for the best, ties as halves; none empty.
        context: what was ranked, and styles.
        caption: over what, and what may be concluded.
    """
    styles = context.styles
    means = {label: mean(of) for label, of in ranks.items()}
    labels = sorted(styles.ordered(list(ranks)), key=lambda label: means[label])
    legend = "Dots: how often each rank was taken, by area. Line and number: the mean."
    figure = context.new_figure([], f"{legend} {caption}", _ROW * len(labels) + 0.4)
    axes = figure.subplots()
    for row, label in enumerate(labels):
        for rank, count in sorted(Counter(ranks[label]).items()):
            area, colour = _LARGEST * count / len(ranks[label]), styles.style(label).colour
            axes.scatter(rank, row, s=area, color=colour, edgecolors=INK, linewidths=0.4, zorder=2)
        axes.plot([means[label]] * 2, [row - 0.4, row + 0.4], color=INK, lw=1.6, zorder=3)
        axes.text(
            1.06, row, f"{means[label]:.2f}", transform=axes.get_yaxis_transform(),
            ha="right", va="center",
        )  # fmt: skip
    worst = max(max(of) for of in ranks.values())
    axes.set(xlim=(0.6, worst + 0.4), ylim=(len(labels) - 0.5, -0.5))
    axes.set_yticks(
        range(len(labels)), [shortened(styles.title(one), _LONGEST, TEXT) for one in labels]
    )
    axes.set_xticks(range(1, int(worst) + 1))
    axes.tick_params(axis="y", length=0, pad=6, labelsize=TEXT)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("rank (1 is the best)")
    return figure
