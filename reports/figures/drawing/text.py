"""Words on figures: headings, captions, and texts that fit their place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import FT2Font

from benchmark.errors import plain
from benchmark.store.cells import Cell
from reports.analysis.provenance import title_of
from reports.figures.drawing.style import FAINT, SMALL, TEXT, TITLE, Roster, write
from reports.formatting import TIMES

MARGIN = 0.08  # inches
_LINE = 1.25  # of a font's size, from one line to the next
_POINTS = 72  # in an inch
_LONGEST_REASON = 160
_SMALLEST = 5.0  # points
_HINTING = 1.02  # how much wider letters may be once they are fitted to pixels


@cache
def _font(bold: bool) -> FT2Font:
    weight = "bold" if bold else "normal"
    font: FT2Font = get_font(findfont(FontProperties(family="DejaVu Sans", weight=weight)))
    return font


def drawable(text: object) -> str:
    """Make one line of a text from outside; a letter the font lacks is given by its number."""
    known = _font(bold=False)
    return "".join(
        sign if known.get_char_index(ord(sign)) else f"[U+{ord(sign):04X}]" for sign in plain(text)
    )


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Measure a line of text in inches at a font size in points."""
    font = _font(bold)
    font.set_size(size, 10 * _POINTS)  # ten times finer than a point, against rounding
    font.set_text(text, 0.0)
    return _HINTING * float(font.get_width_height()[0]) / 64 / (10 * _POINTS)


def fitting(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Cut a line so that it is at most so many inches wide; what is cut becomes an ellipsis."""
    shown = drawable(text)
    if width_of(shown, size, bold=bold) <= width:
        return shown
    while shown and width_of(f"{shown}…", size, bold=bold) > width:
        shown = shown[:-1]
    return f"{shown.rstrip()}…"


def shrunk(text: str, width: float, size: float, *, bold: bool = False) -> tuple[str, float]:
    """Set a line smaller so that it fits, and cut it where it would become too small to read.

    Returns:
        The line and its font size in points.
    """
    shown = drawable(text)
    fits = size * min(1.0, width / max(width_of(shown, size, bold=bold), 1e-9))
    if fits >= _SMALLEST:
        return shown, fits
    return fitting(shown, width, _SMALLEST, bold=bold), _SMALLEST


def wrapped(text: str, width: float, size: float) -> list[str]:
    """Break a text into lines of at most so many inches; a longer word is cut."""
    lines: list[str] = []
    for word in drawable(text).split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(joined, size) <= width:
            lines[-1] = joined
        else:
            lines.append(fitting(word, width, size))
    return lines


def height_of(lines: int, size: float) -> float:
    """Give the inches that some lines of text take."""
    return lines * size * _LINE / _POINTS


@dataclass(frozen=True)
class Heading:
    """What every figure says of itself.

    Attributes:
        title: the data set's, marked where it is synthetic or a subset.
        scale: the factor.
        settings: protocol, profile and seed.
    """

    title: str
    scale: int
    settings: str

    def height(self) -> float:
        """Give the inches that it takes at the top of a figure."""
        return height_of(1, TITLE) + height_of(1, TEXT) + 2 * MARGIN

    def draw(self, figure: Figure, *parts: str) -> None:
        """Write it at the top of a figure.

        Args:
            figure: whose.
            parts: what this figure shows, after the data set and the scale.
        """
        wide = figure.get_size_inches()[0] - 2 * MARGIN
        line = ", ".join([self.title, f"{TIMES}{self.scale}", *parts])
        shown = fitting(line, wide, TITLE, bold=True)
        write(figure, MARGIN, MARGIN, shown, fontsize=TITLE, fontweight="bold")
        below = MARGIN + height_of(1, TITLE)
        shown = fitting(self.settings, wide, TEXT)
        write(figure, MARGIN, below, shown, fontsize=TEXT, color=FAINT)


def heading_of(cells: Sequence[Cell], seed: int | None = None) -> Heading:
    """Make the heading of some cells of one data set, protocol, profile and scale.

    Args:
        cells: not empty.
        seed: the one that the figures are of; a method that draws nothing at random has seed 0.
    """
    address = cells[0].address
    settings = f"protocol {address.protocol}, profile {address.profile}"
    if seed is not None:
        settings += f", seed {seed}"
    return Heading(title_of(cells), address.scale, settings)


def not_shown(left_out: Mapping[str, str], roster: Roster) -> str:
    """Name the methods that are left out with their reasons; empty where there are none."""
    if not left_out:
        return ""
    named = []
    for label in roster.ordered(list(left_out)):
        reason = plain(left_out[label])
        if len(reason) > _LONGEST_REASON:
            reason = f"{reason[:_LONGEST_REASON].rstrip()}…"
        named.append(f"{roster.title(label)} ({reason})")
    return f"Not shown: {'; '.join(named)}."


def caption_height(lines: Sequence[str]) -> float:
    """Give the inches that a caption takes at the bottom of a figure."""
    return height_of(len(lines), SMALL) + MARGIN


def caption(figure: Figure, lines: Sequence[str]) -> None:
    """Write the lines of a caption at the bottom of a figure."""
    top = figure.get_size_inches()[1] - caption_height(lines)
    for index, line in enumerate(lines):
        write(figure, MARGIN, top + height_of(index, SMALL), line, fontsize=SMALL, color=FAINT)
