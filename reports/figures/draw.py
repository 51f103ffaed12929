"""All figures of one data set, scale and seed, from cells and images to files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
from matplotlib.figure import Figure

from benchmark.store.address import Address
from benchmark.store.cells import Cell
from reports.figures.drawing.style import Roster
from reports.figures.drawing.text import Heading, heading_of
from reports.figures.images import View, nearest_band, psnr_per_band
from reports.figures.pixels import check_pixels, choose_pixels
from reports.figures.plots.band import band_figure
from reports.figures.plots.cost import cost_figure, costs_of
from reports.figures.plots.per_band import per_band_figure
from reports.figures.plots.spectra import spectra_figure
from reports.figures.plots.training import curves_of, training_figure


@dataclass(frozen=True)
class Subject:
    """What figures are drawn of.

    Attributes:
        cells: the finished ones of one data set, protocol, profile, scale and seed; not empty.
        left_out: methods that have none, and why.
        seed: of the methods that draw something at random.
        tested: how many test scenes there are in all.
        roster: names and looks of all the data set's methods.
    """

    cells: tuple[Cell, ...]
    left_out: Mapping[str, str]
    seed: int
    tested: int
    roster: Roster

    @property
    def heading(self) -> Heading:
        """Give the heading of every figure."""
        return heading_of(self.cells, self.seed)


def folder_of(results: Path, subject: Subject) -> Path:
    """Give the folder of the figures: `figures/` below the results, and then as the cells'."""
    at = subject.cells[0].address
    method = Address(at.dataset, at.protocol, at.profile, at.scale, at.method, subject.seed)
    parts = method.folder(results).relative_to(results).parts
    return results.joinpath("figures", *parts[:-2], parts[-1])


def figures_of(
    subject: Subject, views: Iterable[View], band: float, pixels: Sequence[tuple[int, int]] = ()
) -> Iterator[tuple[str, Figure]]:
    """Draw every figure; those that need no images come first.

    Args:
        subject: what of.
        views: the scenes to show, with the estimates; read one at a time.
        band: wavelength in nm; the nearest band is shown.
        pixels: (row, column) of the spectra; chosen scene by scene where empty.

    Yields:
        Names for files, without ending, and figures.

    Raises:
        RequestError: a pixel lies outside a scene.
    """
    roster, heading = subject.roster, subject.heading
    curves, without = curves_of(subject.cells)
    if curves:
        missing = {**subject.left_out, **without}
        yield "training", training_figure(curves, roster, heading, missing)
    costs, without = costs_of(subject.cells)
    if costs:
        yield "cost", cost_figure(costs, roster, heading, {**subject.left_out, **without})
    scenes: list[str] = []
    wavelengths: tuple[float, ...] = ()
    values: dict[str, list[np.ndarray]] = {}
    left_out: dict[str, str] = {}
    for view in views:
        name = quote(view.scene, safe="+@ ")
        shape = view.truth.shape[1], view.truth.shape[2]
        check_pixels(pixels, shape, view.scene)
        nm = view.wavelengths[nearest_band(view.wavelengths, band)]
        yield f"{name}-{nm:g}nm", band_figure(view, band, roster, heading)
        shown = pixels or choose_pixels(view.truth)
        yield f"{name}-spectra", spectra_figure(view, shown, roster, heading)
        scenes.append(view.scene)
        wavelengths = view.wavelengths
        left_out.update(view.left_out)
        for label, estimate in view.estimates.items():
            values.setdefault(label, []).append(psnr_per_band(estimate, view.truth))
    # A mean over fewer scenes than the others' would not compare with theirs.
    whole = {label: np.array(of) for label, of in values.items() if label not in left_out}
    if whole:
        yield (
            "psnr-per-band",
            per_band_figure(wavelengths, whole, scenes, subject.tested, roster, heading, left_out),
        )
