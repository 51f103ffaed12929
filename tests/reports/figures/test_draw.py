"""All figures of a scale: their names, their order, and the methods left out."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.errors import RequestError
from benchmark.store.cells import Cell
from reports import figures
from reports.figures.draw import FigureCells, figures_of, folder_of
from reports.figures.drawing.style import styles_of
from tests.reports.conftest import Make
from tests.reports.figures.conftest import view_of
from tests.reports.figures.drawn import texts
from tests.reports.figures.plots.test_training import ROWS

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture
def cells(make: Make) -> list[Cell]:
    made = [make("bicubic", trained=False), make("srcnn"), make("mine[x=1]")]
    (made[1].folder / "training.csv").write_text(ROWS.format(1, 2, 3))
    return made


def figure_cells(cells: list[Cell], **left_out: str) -> FigureCells:
    return FigureCells(tuple(cells), left_out, 4, 7, styles_of(cells))


def test_there_is_a_figure_of_everything(cells: list[Cell], tmp_path: Path) -> None:
    shown = [view_of(["bicubic", "srcnn"], name) for name in ("a b", "c/d")]
    chosen = figure_cells(cells, vdsr="failed: it fell over")
    drawn = dict(figures_of(chosen, shown, 550, [(1, 2)]))
    assert list(drawn) == [
        "training", "cost", "a b-552nm", "a b-spectra", "c%2Fd-552nm", "c%2Fd-spectra",
        "psnr-per-band",
    ]  # fmt: skip
    assert folder_of(tmp_path, chosen) == (
        tmp_path / "figures" / "cave" / "wang2017" / "standard" / "x2" / "seed4"
    )
    for name in ("training", "cost"):
        assert "vdsr (failed: it fell over)" in " ".join(texts(drawn[name]))
    assert "1: row 1, column 2" in texts(drawn["a b-spectra"])
    assert "mean over 2 of 7 test scenes" in " ".join(texts(drawn["psnr-per-band"]))


def test_without_wavelengths_every_figure_is_drawn_over_band_numbers(cells: list[Cell]) -> None:
    shown = [replace(view_of(["bicubic", "srcnn"], name), wavelengths=()) for name in ("a", "b")]
    drawn = dict(figures_of(figure_cells(cells), shown, 550))
    assert [name for name in drawn if name not in ("training", "cost")] == [
        "a-band3", "a-spectra", "b-band3", "b-spectra", "psnr-per-band",
    ]  # fmt: skip
    for name in ("a-spectra", "psnr-per-band"):
        assert "band number" in texts(drawn[name])
    told = " ".join(text for figure in drawn.values() for text in texts(figure))
    assert "wavelength" not in told
    assert " nm" not in told
    assert "a, band 3" in told


def test_files_of_a_scene_with_a_long_name_can_be_written(
    cells: list[Cell], tmp_path: Path
) -> None:
    name = "\N{SNOWMAN}" * 40  # 360 bytes once it is quoted
    for one, _ in figures_of(figure_cells(cells), [view_of(["bicubic"], name)], 550):
        (tmp_path / f".{one}.png.part").touch()


def test_a_method_without_one_of_the_scenes_is_not_averaged(
    cells: list[Cell],
) -> None:
    second = replace(view_of(["bicubic"], "b"), left_out={"srcnn": "RuntimeError: out of memory"})
    shown = [view_of(["bicubic", "srcnn"], "a"), second]
    figure = dict(figures_of(figure_cells(cells), shown, 550))["psnr-per-band"]
    assert len(figure.axes) == 2  # all methods together, and the one that has every scene
    told = " ".join(texts(figure))
    assert "SRCNN (RuntimeError: out of memory)" in told
    assert "BICUBIC" in told


def test_pixels_outside_are_rejected(
    cells: list[Cell],
) -> None:
    with pytest.raises(RequestError, match="99,0 is outside ramp"):
        list(figures_of(figure_cells(cells), [view_of(["bicubic"])], 550, [(99, 0)]))


def test_without_matplotlib_the_message_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    figures.require()
    monkeypatch.setattr(figures, "find_spec", lambda _: None)
    with pytest.raises(RequestError, match='install it with: pip install "matplotlib>='):
        figures.require()


def test_drawing_needs_no_torch_and_no_pyplot() -> None:
    code = (
        "import sys, reports.figures.draw, reports.figures.drawing.save; "
        "import reports.figures.plots.ranks; "
        "print({'torch', 'matplotlib.pyplot'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT, capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("set()\n", "")
