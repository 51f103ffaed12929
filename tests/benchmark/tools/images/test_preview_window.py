"""The window of a preview lies where there is detail; what is small is shown whole."""

import numpy as np

from benchmark.tools.images.model import Prediction
from benchmark.tools.images.previews import corner_of_detail, preview_of


def test_the_window_lies_where_there_is_detail() -> None:
    truth = np.full((3, 64, 80), 100, dtype=np.uint8)
    truth[:, 40:50, 60:70] = np.indices((10, 10)).sum(axis=0) % 2 * 200
    row, column = corner_of_detail(truth, 16)
    assert row <= 40 <= 50 <= row + 16
    assert column <= 60 <= 70 <= column + 16


def test_a_small_scene_is_shown_whole() -> None:
    truth = np.random.default_rng(0).integers(0, 256, (4, 12, 10)).astype(np.uint8)
    made = Prediction("small", (1.0, 2.0, 3.0, 4.0), truth, truth[:, ::4, ::4], truth)
    preview = preview_of(made, 4, 128)
    assert (preview.truth == truth).all()
    assert (preview.low == made.low).all()
    assert (preview.overview == truth).all()
    assert tuple(preview.corner) == (0, 0)
    assert not preview.error.any()


def test_the_overview_is_an_average() -> None:
    truth = np.zeros((1, 320, 200), dtype=np.uint8)
    truth[:, ::2] = 200
    made = Prediction("big", (550.0,), truth, truth[:, ::2, ::2], truth)
    overview = preview_of(made, 2, 32).overview
    assert overview.shape == (1, 160, 100)
    assert (overview == 100).all()
