"""How all figures look: sizes, fonts, and one fixed look a method.

Colours are Okabe and Ito's (2008), which colour-blind readers tell apart; a line also has its own
dashes and marker, so that a figure survives a greyscale printer.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.store.cells import Cell
from reports.analysis.results import read_results

WIDTH = 7.2  # inches: the text width of a two-column paper
DOTS = 200  # an inch of a PNG
TITLE, TEXT, SMALL = 9.0, 7.5, 6.5  # points
ERRORS, GREY = "viridis", "gray"
GAMMA = 2.2  # of a screen: linear grey levels look too dark without
INK, FAINT = "black", "0.45"

_COLOURS = ("#666666", "#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#d55e00")
_MARKERS = ("s", "o", "^", "v", "D", "P", "X", "*", "p")
_DASHES: tuple[Any, ...] = (
    (0, (1, 1)),
    (0, (5, 1.5)),
    (0, (5, 1.2, 1, 1.2)),
    (0, (2.5, 1)),
    (0, (5, 1, 1, 1, 1, 1)),
    (0, (7, 2)),
    "-",
)
# The paper's methods look the same in everybody's figures; others take what is free.
_FIXED = {"bicubic": 0, "srcnn": 1, "espcn": 2, "wiener": 3, "vdsr": 5, "proposed": 6}

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.labelsize": TEXT,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
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
    "image.composite_image": False,
    "text.parse_math": False,  # a dollar in a method's name is a dollar
    "figure.dpi": 100,
    "savefig.dpi": DOTS,
    "pdf.fonttype": 42,  # text stays text: found, copied, edited
    "pdf.compression": 9,
}


@contextmanager
def drawing() -> Iterator[None]:
    """Set matplotlib up for the suite's figures, and back again."""
    with mpl.rc_context(_RC):
        yield


@dataclass(frozen=True)
class Look:
    """Colour, marker and dashes of one method, the same in every figure."""

    colour: str
    marker: str
    dashes: Any

    def line(self) -> dict[str, Any]:
        """Give the arguments of `Axes.plot` for a line without markers."""
        return {"color": self.colour, "linestyle": self.dashes}

    def point(self) -> dict[str, Any]:
        """Give the arguments of `Axes.plot` for a marker alone."""
        edge = {"markeredgecolor": INK, "markeredgewidth": 0.4}
        return {
            "color": self.colour,
            "marker": self.marker,
            "linestyle": "none",
            "clip_on": False,  # at the edge of the axes it is still whole
            **edge,
        }


def _look(slot: int) -> Look:
    # Seven looks that differ in all three, and 63 before one comes twice.
    return Look(
        _COLOURS[slot % len(_COLOURS)], _MARKERS[slot % len(_MARKERS)], _DASHES[slot % len(_DASHES)]
    )


@dataclass(frozen=True)
class Roster:
    """The methods of a data set in the order of its tables, with titles and looks.

    Attributes:
        titles: a method's label to the name that is shown, in order.
    """

    titles: dict[str, str]
    _looks: dict[str, Look] = field(init=False)

    def __post_init__(self) -> None:
        taken = {_FIXED[label] for label in self.titles if label in _FIXED}
        first = [slot for slot in range(len(_COLOURS)) if slot not in _FIXED.values()]
        spare = iter(
            [*first, *(s for s in range(len(self.titles) + len(_FIXED) + 1) if s not in first)]
        )
        looks = {}
        for label in self.titles:
            slot = _FIXED.get(label)
            if slot is None:
                slot = next(s for s in spare if s not in taken)
                taken.add(slot)
            looks[label] = _look(slot)
        object.__setattr__(self, "_looks", looks)

    def title(self, label: str) -> str:
        """Give the name that is shown; the label itself for a stranger."""
        return self.titles.get(label, label)

    def look(self, label: str) -> Look:
        """Give the method's look.

        Raises:
            KeyError: the method is not on the roster.
        """
        return self._looks[label]

    def ordered(self, labels: Sequence[str]) -> list[str]:
        """Sort labels as the tables have them."""
        place = {label: index for index, label in enumerate(self.titles)}
        return sorted(labels, key=lambda label: (place.get(label, len(place)), label))


def roster_of(cells: Sequence[Cell]) -> Roster:
    """Make the roster of all cells of a data set, failed ones included."""
    return Roster({method.label: method.title for method in read_results(cells).methods()})


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Make a figure that belongs to nobody but the caller; sizes in inches."""
    return Figure(figsize=(width, height))


def place(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes by inches from the figure's left and upper edges."""
    wide, high = figure.get_size_inches()
    box = (left / wide, 1 - (top + height) / high, width / wide, height / high)
    return figure.add_axes(box)


def write(figure: Figure, left: float, top: float, text: str, **how: Any) -> None:
    """Write a text whose upper left corner is given in inches from the figure's."""
    wide, high = figure.get_size_inches()
    how = {"va": "top", "ha": "left", "fontsize": TEXT, **how}
    figure.text(left / wide, 1 - top / high, text, **how)
