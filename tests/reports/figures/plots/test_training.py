"""Training curves are the stored ones."""

import io

import numpy as np
import pandas as pd

from reports.figures.drawing.context import FigureContext
from reports.figures.plots.training import curves_of, training_figure
from tests.reports.conftest import Make
from tests.reports.figures.drawn import collisions, curves, texts

ROWS = """step,loss,psnr,rate,seconds
100,0.02,30.5,0.01,{0}
200,0.01,31.5,0.01,{1}
300,0.005,33.25,0.01,{2}
304,0.9,33.0,0.01,{2}
"""


def rows(pace: float = 1) -> pd.DataFrame:
    """Return a stored curve whose last validation came four steps after the one before."""
    return pd.read_csv(io.StringIO(ROWS.format(10 * pace, 20 * pace, 30 * pace)))


def test_psnr_and_loss_are_drawn_against_steps_and_seconds(context: FigureContext) -> None:
    stored = {"srcnn": rows(), "mine[x=1]": rows(100)}
    figure = training_figure(stored, context)
    steps_psnr, seconds_psnr, steps_loss, seconds_loss = figure.axes
    for axes in (steps_psnr, seconds_psnr):
        assert curves(axes) == [[30.5, 31.5, 33.25, 33.0]] * 2
    # The loss of four steps is no mean to compare; everything else is drawn.
    for axes in (steps_loss, seconds_loss):
        assert curves(axes) == [[0.02, 0.01, 0.005]] * 2
    assert [axes.get_xscale() for axes in figure.axes] == ["linear", "log"] * 2
    shown = " ".join(texts(figure))
    assert "best 33.25 dB, 30.0 s" in shown or "best 33.25 dB, 30 s" in shown
    assert "best 33.25 dB, 50 min" in shown


def test_seconds_of_another_machine_are_not_drawn(context: FigureContext) -> None:
    stored = {"srcnn": rows(), "mine[x=1]": rows(100)}
    figure = training_figure(stored, context, elsewhere={"mine[x=1]": "NVIDIA H200"})
    assert [len(curves(axes)) for axes in figure.axes] == [2, 1, 2, 1]
    shown = " ".join(texts(figure))
    assert "50 min" not in shown
    assert (
        "Without the seconds of other machines, not comparable: Mine [x=1] (NVIDIA H200)" in shown
    )


def test_curves_come_from_cells_and_what_is_damaged_is_named(make: Make) -> None:
    good, bare, broken = make("srcnn"), make("bicubic", trained=False), make("mine")
    (good.folder / "training.csv").write_text(ROWS.format(1, 2, 3))
    (broken.folder / "training.csv").write_text("")
    stored, without = curves_of([good, bare, broken])
    assert list(stored) == ["srcnn"]
    assert stored["srcnn"]["psnr"].tolist() == [30.5, 31.5, 33.25, 33.0]
    assert without == {"mine": "its training curve cannot be read (EmptyDataError)"}


def test_a_curve_without_numbers_is_drawn(context: FigureContext) -> None:
    empty = rows().assign(psnr=np.nan, loss=np.nan)
    figure = training_figure({"srcnn": empty}, context)
    assert collisions(figure) == []
    assert not any("nan" in text for text in texts(figure))
