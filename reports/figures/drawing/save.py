"""Figures as PNG and PDF files, byte-identical for the same figure."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure

from reports.figures.drawing.style import drawing
from reports.output import write_files

FORMATS = ("png", "pdf")
# No date and no version: the same figure is the same file.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}
_CANVAS = {"png": FigureCanvasAgg, "pdf": FigureCanvasPdf}


def rendered(figure: Figure, form: str) -> bytes:
    """Return the content of a figure's file.

    Args:
        figure: drawn by this package.
        form: "png" (200 dots per inch) or "pdf" (text as text, images as stored).
    """
    stream = io.BytesIO()
    images = [image for axes in figure.axes for image in axes.get_images()]
    before = [image.get_interpolation() for image in images]
    if form == "pdf":
        # Store the original pixels.
        for image in images:
            image.set_interpolation("none")
    with drawing():
        _CANVAS[form](figure).print_figure(stream, format=form, metadata=_METADATA[form])
    for image, interpolation in zip(images, before, strict=True):
        image.set_interpolation(interpolation)
    return stream.getvalue()


def write_figures(
    folder: Path, figures: Iterable[tuple[str, Figure]], formats: Sequence[str]
) -> list[Path]:
    """Write figures one after the other, each file atomically.

    Args:
        folder: created if it does not exist.
        figures: file names without extension, and figures.
        formats: of `FORMATS`.

    Returns:
        The files.

    Raises:
        RequestError: the folder cannot be written to.
    """
    paths = []
    for name, figure in figures:
        for form in formats:
            paths.append(folder / f"{name}.{form}")
            write_files(folder, {paths[-1]: rendered(figure, form)}, "figures")
    return paths
