"""Files: reproducible bytes, text as text, atomic writes."""

import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from benchmark.tools.images.model import View
from reports.figures.drawing.context import FigureContext
from reports.figures.drawing.save import rendered, write_figures
from reports.figures.drawing.style import drawing
from reports.figures.plots.band import band_figure


@pytest.mark.parametrize("form", ["png", "pdf"])
def test_the_same_figure_is_the_same_file(view: View, context: FigureContext, form: str) -> None:
    files = [rendered(band_figure(view, 550, context), form) for _ in range(2)]
    assert files[0] == files[1]
    assert not re.search(rb"20[0-9]{2}-|D:20[0-9]{2}", files[0])


def test_a_png_has_two_hundred_dots_an_inch(tmp_path: Path) -> None:
    figure = Figure(figsize=(2, 1.5))
    (path,) = write_figures(tmp_path / "new", [("one", figure)], ["png"])
    assert path == tmp_path / "new" / "one.png"
    with Image.open(path) as image:
        assert image.size == (400, 300)
    assert [file.name for file in path.parent.iterdir()] == ["one.png"]


def test_a_pdf_holds_fonts_and_the_stored_pixels(view: View, context: FigureContext) -> None:
    figure = band_figure(view, 550, context)
    before = [image.get_interpolation() for axes in figure.axes for image in axes.get_images()]
    content = rendered(figure, "pdf")
    assert b"/Type3" not in content
    assert b"/CIDFontType2" in content
    sizes = re.findall(rb"/Height ([0-9]+)", content)
    assert sizes.count(b"36") == 7  # truth, three estimates and three differences, unresampled
    assert sizes.count(b"12") == 1
    after = [image.get_interpolation() for axes in figure.axes for image in axes.get_images()]
    assert before == after


def test_a_dollar_is_a_dollar() -> None:
    with drawing():
        figure = Figure(figsize=(2, 1))
        figure.text(0.1, 0.1, "costs $x^2$ or $\\frac{")
    assert rendered(figure, "png").startswith(b"\x89PNG")
