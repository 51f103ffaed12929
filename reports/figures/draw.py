"""All figures of one data set, scale and seed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from benchmark.store.address import Address, place_name
from benchmark.store.cells import Cell
from benchmark.tools.images.model import View
from reports.analysis.comparison.ranking import Ranking, places_of
from reports.analysis.provenance.machines import elsewhere
from reports.figures.drawing.context import FigureContext, context_of
from reports.figures.drawing.style import MethodStyles
from reports.figures.images import psnr_per_band
from reports.figures.pixels import check_pixels, choose_pixels
from reports.figures.plots.band import band_figure
from reports.figures.plots.cost import cost_figure, costs_of
from reports.figures.plots.per_band import BandScores, per_band_figure
from reports.figures.plots.ranks import rank_figure
from reports.figures.plots.spectra import spectra_figure
from reports.figures.plots.training import curves_of, training_figure


@dataclass(frozen=True)
class FigureCells:
    """The cells that figures are drawn of.

    Attributes:
        cells: the finished ones of one data set, protocol, profile, scale and seed; not empty.
        left_out: methods that have none, and why.
        seed: of the stochastic methods.
        tested: total number of test scenes.
        styles: names and styles of all the data set's methods.
        seconds: what limits the comparison of seconds, as a sentence; empty for nothing.
    """

    cells: tuple[Cell, ...]
    left_out: Mapping[str, str]
    seed: int
    tested: int
    styles: MethodStyles
    seconds: str = ""

    @property
    def context(self) -> FigureContext:
        """Return the context that all figures share."""
        return context_of(self.cells, self.styles, self.seed)


def folder_of(results: Path, of: FigureCells) -> Path:
    """Return the folder of the figures: `figures/` below the results, then as for the cells."""
    at = of.cells[0].address
    method = Address(at.dataset, at.protocol, at.profile, at.scale, at.method, of.seed)
    parts = method.folder(results).relative_to(results).parts
    return results.joinpath("figures", *parts[:-2], parts[-1])


def figures_of(
    of: FigureCells, views: Iterable[View], band: float, pixels: Sequence[tuple[int, int]] = ()
) -> Iterator[tuple[str, Figure]]:
    """Draw every figure, first those that need no images.

    Args:
        of: the cells.
        views: the scenes to show, with the estimates; read one at a time.
        band: wavelength in nm; the nearest band is shown, or the middle one of unknown ones.
        pixels: (row, column) of the spectra; chosen scene by scene if empty.

    Yields:
        File names without extension, and figures.

    Raises:
        RequestError: a pixel is outside a scene.
    """
    context = of.context
    curves, without = curves_of(of.cells)
    if curves:
        others = elsewhere(of.cells, curves)
        yield (
            "training",
            training_figure(curves, context, {**of.left_out, **without}, others, of.seconds),
        )
    costs, without, metric = costs_of(of.cells)
    if costs:
        left_out = {**of.left_out, **without}
        yield "cost", cost_figure(costs, metric, context, left_out, of.seconds)
    scenes: list[str] = []
    wavelengths: tuple[float, ...] = ()
    values: dict[str, list[np.ndarray]] = {}
    left_out = {}
    for view in views:
        name = place_name(view.scene)
        shape = view.truth.shape[1], view.truth.shape[2]
        check_pixels(pixels, shape, view.scene)
        shown_band = view.axis.name(view.axis.nearest(band)).replace(" ", "")
        yield f"{name}-{shown_band}", band_figure(view, band, context)
        shown = pixels or choose_pixels(view.truth)
        yield f"{name}-spectra", spectra_figure(view, shown, context)
        scenes.append(view.scene)
        wavelengths = view.wavelengths
        left_out.update(view.left_out)
        for label, estimate in view.estimates.items():
            values.setdefault(label, []).append(psnr_per_band(estimate, view.truth))
    # A mean over fewer scenes than the others' would not be comparable.
    complete = {label: np.array(rows) for label, rows in values.items() if label not in left_out}
    if complete:
        scores = BandScores(wavelengths, complete, scenes, of.tested)
        yield "psnr-per-band", per_band_figure(scores, context, left_out)


def rank_figures(
    rankings: Iterable[Ranking], styles: MethodStyles, title: str
) -> Iterator[tuple[str, Figure]]:
    """Draw the average ranks by every metric with a ranking.

    Args:
        rankings: of one data set, protocol and profile.
        styles: of the methods.
        title: data set, protocol and profile.

    Yields:
        File names without extension, and figures.
    """
    for ranking in rankings:
        if ranking.ranks:
            heading = f"Average rank by {ranking.metric.heading}: {title}"
            context = FigureContext(heading, "", styles)
            figure = rank_figure(
                ranking.ranks, context, f"Over {places_of(ranking)}. A description, not a test."
            )
            yield f"ranks-{ranking.metric.name}", figure
