"""The picture before and after: both halves shown alike, of the size of the result."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image as Picture

from benchmark.tools.upscaling.preview import LONGEST, Preview

NM = (460.0, 550.0, 620.0)
TITLES = ("before", "after")


def drawn(cube: np.ndarray, scale: int, after: np.ndarray, nm: Sequence[float] = NM) -> np.ndarray:
    """Draw a result that is added in two blocks; returns the pixels of the picture."""
    preview = Preview(cube, 100.0, scale, nm)
    rows, columns = after.shape[:2]
    for part in (slice(0, rows // 2), slice(rows // 2, rows)):
        preview.add(part, slice(0, columns), after[part])
    picture = Picture.open(io.BytesIO(preview.png(TITLES)))
    assert (picture.format, picture.mode) == ("PNG", "RGB")
    return np.asarray(picture)


def halves(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut the two halves out of a picture, without titles and gap."""
    width = (picture.shape[1] - 8) // 2
    return picture[22:, :width], picture[22:, width + 8 :]


def test_an_image_that_is_only_enlarged_gives_two_equal_halves() -> None:
    cube = np.random.default_rng(3).integers(0, 100, (300, 290, 3), np.uint8)
    before, after = halves(drawn(cube, 2, cube.repeat(2, axis=0).repeat(2, axis=1)))
    assert before.shape == (600, 580, 3)
    assert np.array_equal(before, after)


def test_the_bands_of_red_green_and_blue_are_shown() -> None:
    cube = np.zeros((150, 150, 3), np.float32)
    cube[..., 2] = 100  # at 620 nm
    before, _ = halves(drawn(cube, 2, np.zeros((300, 300, 3), np.float32)))
    assert (before == (255, 0, 0)).all()


def test_a_small_result_is_enlarged_by_whole_pixels() -> None:
    cube = np.random.default_rng(4).integers(0, 100, (30, 40, 3), np.uint8)
    before, after = halves(drawn(cube, 2, cube.repeat(2, axis=0).repeat(2, axis=1)))
    assert before.shape == (300, 400, 3)
    assert np.array_equal(before, after)
    assert np.array_equal(before[::5, ::5], before[4::5, 4::5])


def test_of_a_large_result_the_middle_is_shown() -> None:
    cube = np.zeros((1000, 10, 3), np.uint8)
    cube[500] = 100
    preview = Preview(cube, 100.0, 2, NM)
    assert not preview.whole
    for length, whole in ((LONGEST // 2, True), (LONGEST // 2 + 1, False)):
        assert Preview(cube[:length], 100.0, 2, NM).whole is whole
    picture = drawn(cube, 2, cube.repeat(2, axis=0).repeat(2, axis=1))
    before, after = halves(picture)
    assert len(before) == LONGEST
    assert np.array_equal(before, after)
    (rows,) = np.nonzero(before.any(axis=(1, 2)))
    assert rows.tolist() == [LONGEST // 2, LONGEST // 2 + 1]
