"""The common context of all figures of one data set and scale: heading, styles, caption."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.text import Annotation

from benchmark.store.cells import Cell
from reports.analysis.provenance.protocols import protocol_of
from reports.analysis.provenance.table import title_of
from reports.figures.drawing.style import FAINT, SMALL, TEXT, TITLE, WIDTH, MethodStyles, styles_of
from reports.figures.drawing.text import shortened, wrapped
from reports.formatting import TIMES

_PAD = 0.06  # inches around axes and texts
_LINE = 1.3 / 72  # line spacing in inches per point of font size


@dataclass(frozen=True)
class FigureContext:
    """The common context of all figures of one data set and scale.

    Attributes:
        title: data set and scale; marked where the data set is synthetic or a subset.
        settings: protocol, profile and seed; may be empty.
        styles: names and styles of the methods.
    """

    title: str
    settings: str
    styles: MethodStyles

    def new_figure(
        self, parts: Sequence[str], caption: str, height: float, width: float = WIDTH
    ) -> Figure:
        """Create a figure with heading and caption, and constrained layout for the rest.

        Args:
            parts: what the figure shows, for the end of the title.
            caption: the text below.
            height: in inches, between heading and caption.
            width: of the figure in inches.
        """
        inner = width - 2 * _PAD
        title = wrapped(", ".join([self.title, *parts]), inner, TITLE, bold=True, most=3)
        settings = shortened(self.settings, inner, TEXT)
        below = wrapped(caption, inner, SMALL)
        texts = ((title, TITLE), (settings, TEXT), (below, SMALL))
        lines = sum(len(text.splitlines()) * size * _LINE for text, size in texts)
        figure = Figure(figsize=(width, height + lines + 4 * _PAD), layout="constrained")
        figure.get_layout_engine().set(w_pad=_PAD, h_pad=_PAD, wspace=0, hspace=0)  # type: ignore[union-attr, call-arg]
        left = {"x": _PAD / width, "ha": "left"}
        # An empty line of the title reserves space for the settings, which have another font.
        heading = figure.suptitle(
            f"{title}\n" if settings else title, size=TITLE, weight="bold", **left
        )
        figure.add_artist(
            Annotation(settings, (0, 0), xycoords=heading, va="bottom", size=TEXT, color=FAINT)
        )
        figure.supxlabel(below, size=SMALL, color=FAINT, **left)
        return figure


def context_of(
    cells: Sequence[Cell], styles: MethodStyles | None = None, seed: int | None = None
) -> FigureContext:
    """Return the context of some cells of one data set, protocol, profile and scale.

    Args:
        cells: not empty.
        styles: of the methods; those of the cells if none are given.
        seed: the seed to name; methods that are not stochastic have seed 0.
    """
    address = cells[0].address
    settings = f"protocol {protocol_of(cells)}, profile {address.profile}"
    if seed is not None:
        settings += f", seed {seed}"
    title = f"{title_of(cells)}, {TIMES}{address.scale}"
    return FigureContext(title, settings, styles or styles_of(cells))
