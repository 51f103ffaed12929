"""Average ranks over scales, data sets and scenes: who is usually first."""

from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from reports.analysis.results import mean
from reports.figures.drawing.style import (
    INK,
    SMALL,
    TEXT,
    TITLE,
    WIDTH,
    Roster,
    drawing,
    new_figure,
    place,
    write,
)
from reports.figures.drawing.text import (
    MARGIN,
    caption,
    caption_height,
    fitting,
    height_of,
    wrapped,
)

_ROW = 0.27  # inches a method
_NAMES = 1.6  # inches for the names
_LARGEST = 130.0  # points squared, the area of a dot that holds all of a method's ranks


def rank_figure(
    ranks: Mapping[str, Sequence[float]], roster: Roster, title: str, told: str
) -> Figure:
    """Draw every method's ranks as dots, large where it has a rank often, and their mean.

    Args:
        ranks: a method's label to its ranks, 1 for the best, ties as halves; none empty.
        roster: names and looks of the methods.
        title: what was ranked.
        told: one line or more below: over what, and what may be concluded.
    """
    means = {label: mean(of) for label, of in ranks.items()}
    labels = sorted(roster.ordered(list(ranks)), key=lambda label: means[label])
    lines = wrapped(
        f"Dots: how often each rank was taken, by area. Line and number: the mean. {told}",
        WIDTH - 0.2,
        SMALL,
    )
    with drawing():
        top = 2 * MARGIN + height_of(1, TITLE)
        high = _ROW * len(labels)
        figure = new_figure(top + high + 0.38 + caption_height(lines))
        shown = fitting(title, WIDTH - 0.2, TITLE, bold=True)
        write(figure, MARGIN, MARGIN, shown, fontsize=TITLE, fontweight="bold")
        axes = place(figure, _NAMES + MARGIN, top, WIDTH - _NAMES - 2 * MARGIN - 0.45, high)
        worst = max(max(of) for of in ranks.values())
        for row, label in enumerate(labels):
            look = roster.look(label)
            counts = Counter(ranks[label])
            for rank, count in sorted(counts.items()):
                area = _LARGEST * count / len(ranks[label])
                axes.scatter(
                    rank, row, s=area, color=look.colour, edgecolors=INK, linewidths=0.4, zorder=2
                )
            axes.plot([means[label]] * 2, [row - 0.4, row + 0.4], color=INK, lw=1.6, zorder=3)
            middle = top + (row + 0.5) * _ROW
            name = fitting(roster.title(label), _NAMES - 0.1, TEXT)
            write(figure, MARGIN + _NAMES - 0.1, middle, name, va="center", ha="right")
            value = f"{means[label]:.2f}"
            write(figure, WIDTH - MARGIN, middle, value, va="center", ha="right")
        axes.set(xlim=(0.6, worst + 0.4), ylim=(len(labels) - 0.5, -0.5), yticks=[])
        axes.set_xticks(range(1, int(worst) + 1))
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("rank (1 is the best)", labelpad=1)
        caption(figure, lines)
    return figure
