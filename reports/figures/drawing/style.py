"""The style of all figures: sizes, fonts, and one fixed style a method.

Colours are Okabe and Ito's (2008), which colour-blind readers can distinguish; every method also
has a line style and a marker, so that a figure survives a greyscale printer.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, Formatter, LogLocator, NullFormatter

from benchmark.store.cells import Cell
from reports.analysis.results import read_results

WIDTH = 7.2  # inches: the text width of a two-column paper
DPI = 200  # of a PNG
TITLE, TEXT, SMALL = 9.0, 7.5, 6.5  # points
ERRORS, GREY = "viridis", "gray"
GAMMA = 2.2  # of a screen: linear grey levels look too dark without
INK, FAINT = "black", "0.45"

_COLOURS = ("#666666", "#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#d55e00")
_MARKERS = ("s", "o", "^", "v", "D", "P", "X")
_LINES: tuple[Any, ...] = (
    (0, (1, 1)),
    (0, (5, 1.5)),
    (0, (5, 1.2, 1, 1.2)),
    (0, (2.5, 1)),
    (0, (5, 1, 1, 1, 1, 1)),
    (0, (7, 2)),
    "-",
)
# The paper's methods have the same style in everybody's figures; others take what is free.
_FIXED = {"bicubic": 0, "srcnn": 1, "espcn": 2, "wiener": 3, "vdsr": 5, "proposed": 6}

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.labelsize": TEXT,
    "axes.labelpad": 2,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.pad": 1.5,
    "ytick.major.pad": 1.5,
    "legend.fontsize": SMALL,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "0.88",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "image.composite_image": False,
    "text.parse_math": False,  # a dollar in a method's name is a dollar
    "figure.dpi": 100,
    "savefig.dpi": DPI,
    "pdf.fonttype": 42,  # text stays text: found, copied, edited
    "pdf.compression": 9,
}


@contextmanager
def drawing() -> Iterator[None]:
    """Set matplotlib up for the suite's figures, and restore its settings afterwards."""
    with mpl.rc_context(_RC):
        yield


@dataclass(frozen=True)
class MethodStyle:
    """Colour, marker and line style of one method, the same in every figure."""

    colour: str
    marker: str
    line: Any

    def plot(self) -> dict[str, Any]:
        """Return the arguments of `Axes.plot` for a line with markers."""
        return {
            "color": self.colour,
            "linestyle": self.line,
            "marker": self.marker,
            "markeredgecolor": INK,
            "markeredgewidth": 0.4,
            "clip_on": False,  # a marker at the edge of the axes is drawn whole
        }

    def handle(self) -> Line2D:
        """Return a line for a legend."""
        return Line2D([], [], **self.plot())


@dataclass(frozen=True)
class MethodStyles:
    """The methods of a data set in the order of its tables, with titles and styles.

    Attributes:
        titles: a method's label to the name that is shown, in order.
    """

    titles: dict[str, str]
    _styles: dict[str, MethodStyle] = field(init=False)

    def __post_init__(self) -> None:
        free = (slot for slot in count() if slot not in _FIXED.values())
        slots = {label: _FIXED[label] if label in _FIXED else next(free) for label in self.titles}
        styles = {label: _style(slot) for label, slot in slots.items()}
        object.__setattr__(self, "_styles", styles)

    def title(self, label: str) -> str:
        """Return the name that is shown; the label itself for an unknown method."""
        return self.titles.get(label, label)

    def style(self, label: str) -> MethodStyle:
        """Return a method's style.

        Raises:
            KeyError: the method is unknown.
        """
        return self._styles[label]

    def ordered(self, labels: Sequence[str]) -> list[str]:
        """Sort labels in the order of the tables."""
        place = {label: index for index, label in enumerate(self.titles)}
        return sorted(labels, key=lambda label: (place.get(label, len(place)), label))


def _style(slot: int) -> MethodStyle:
    # In the second round of colours, each has the next marker and line style, and so on.
    turn, colour = divmod(slot, len(_COLOURS))
    other = (slot + turn) % len(_COLOURS)
    return MethodStyle(_COLOURS[colour], _MARKERS[other], _LINES[other])


def styles_of(cells: Sequence[Cell]) -> MethodStyles:
    """Return the styles of all methods of a data set's cells, failed ones included."""
    return MethodStyles({method.label: method.title for method in read_results(cells).methods()})


def short_numbers() -> Formatter:
    """Return a formatter of ticks that writes 20k and 2M."""
    return EngFormatter(sep="")


def set_log_scale(axes: Axes, direction: str, formatter: str | Formatter = "{x:g}") -> None:
    """Make the "x" or "y" axis logarithmic, with labels at 1, 2 and 5 where there is room."""
    axes.set(**{f"{direction}scale": "log"})
    axis = axes.xaxis if direction == "x" else axes.yaxis
    low, high = axis.get_view_interval()
    wide = high > 100 * max(low, 1e-300)
    axis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    axis.set_minor_locator(LogLocator(subs="auto"))
    axis.set_major_formatter(formatter)
    axis.set_minor_formatter(NullFormatter())
