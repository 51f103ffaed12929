"""Pixels are read as typed, or chosen deterministically: bright and different."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from benchmark.errors import RequestError
from reports.figures.pixels import check_pixels, choose_pixels, read_pixels


def patches() -> np.ndarray:
    """Return a dark scene with squares of red, green and blue, and a white highlight."""
    truth = np.full((3, 80, 80), 3, np.uint8)
    for band, corner in enumerate(((10, 10), (10, 50), (50, 10))):
        truth[:, corner[0] : corner[0] + 20, corner[1] : corner[1] + 20] = 20
        truth[band, corner[0] : corner[0] + 20, corner[1] : corner[1] + 20] = 180
    truth[:, 50:70, 50:70] = 255
    return truth


def test_every_colour_is_chosen_once_and_no_highlight_and_no_dark() -> None:
    truth = patches()
    chosen = choose_pixels(truth, 3)
    found = {int(np.argmax(truth[:, row, column])) for row, column in chosen}
    assert found == {0, 1, 2}
    assert all(180 in truth[:, row, column] for row, column in chosen)
    assert chosen == choose_pixels(truth.copy(), 3)


def test_pixels_keep_their_distance() -> None:
    truth = np.full((3, 128, 160), 100, np.uint8)
    for band in range(3):  # three colours beside each other, ten columns each
        truth[:, 60:70, 60 + 10 * band : 70 + 10 * band] = 30
        truth[band, 60:70, 60 + 10 * band : 70 + 10 * band] = 200
    chosen = choose_pixels(truth, 4)
    assert len(chosen) == 3  # grey, and two of the colours that lie beside each other
    assert pdist(np.array(chosen)).min() >= 128 / 8


@pytest.mark.parametrize("level", [0, 90, 255])
@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_a_scene_of_one_colour_or_of_hardly_any_pixels_has_one(level: int, size: int) -> None:
    (pixel,) = choose_pixels(np.full((3, size, size), level, np.uint8))
    check_pixels([pixel], (size, size), "flat")


def test_pixels_are_read_as_typed() -> None:
    assert read_pixels("12,5; 0 , 7;12,5") == [(12, 5), (0, 7)]
    assert read_pixels("") == []
    for text in ("12", "1,2,3", "a,b", "-1,2", "1.5,2", "1,2 3,4", "٣,1"):
        with pytest.raises(RequestError, match=r"is not a pixel; write rows and columns"):
            read_pixels(text)


def test_pixels_outside_are_rejected() -> None:
    check_pixels([(0, 0), (9, 19)], (10, 20), "ramp")
    for pixel in ((10, 0), (0, 20)):
        with pytest.raises(RequestError, match="is outside ramp, which has 10 rows and 20 col"):
            check_pixels([pixel], (10, 20), "ramp")
