"""Scenes that are areas of one image, which is read once."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.areas import AreaDataSet, AreaSource, blocks
from benchmark.dataset import Area, Scene
from benchmark.errors import RequestError

CUBE = np.arange(6 * 8 * 2, dtype=np.uint8).reshape(6, 8, 2)
AREAS = {"left": Area(range(6), range(4)), "right": Area(range(2, 6), range(5, 8))}


class Counted:
    """Reads an image and counts how often."""

    def __init__(self, cube: np.ndarray = CUBE) -> None:
        self.cube, self.count = cube, 0

    def __call__(self) -> Scene:
        self.count += 1
        return Scene("whole", self.cube, (500.0, 600.0), 100.0, "by hand")


def test_each_scene_is_its_area_with_the_facts_of_the_image() -> None:
    source = AreaSource(AREAS, "stamp", Counted())
    scene = source.read("right")
    np.testing.assert_array_equal(scene.cube, CUBE[2:6, 5:8])
    assert (scene.name, scene.peak, scene.wavelengths) == ("right", 100.0, (500.0, 600.0))
    assert scene.remark == "by hand"
    assert source.stamp == "stamp"


def test_the_image_is_read_once_and_kept_until_every_scene_was_read() -> None:
    read = Counted()
    source = AreaSource(AREAS, "stamp", read)
    source.read("left")
    source.read("left")
    source.read("right")
    assert read.count == 1
    source.read("left")
    assert read.count == 2


def test_an_image_that_does_not_contain_the_area_is_refused() -> None:
    source = AreaSource(AREAS, "stamp", Counted(CUBE[:5]))
    with pytest.raises(RequestError, match="rows 0 to 5 and columns 0 to 3, found 5 x 8 pixels"):
        source.read("left")


def test_a_data_set_of_areas_says_that_they_are_not_independent() -> None:
    class Two(AreaDataSet):
        title = "Two"
        test = ("right",)
        validation = ()

        @property
        def areas(self) -> Mapping[str, Area]:
            return AREAS

        def open(self, root: Path, scenes: object) -> AreaSource:
            raise NotImplementedError

    made = Two()
    assert made.scenes == ("left", "right")
    assert not made.independent
    assert "areas of one image, and not independent" in made.remark


def test_blocks_fill_a_rectangle_row_by_row() -> None:
    made = blocks("abcdef", range(2, 6), range(1, 10), (2, 3))
    assert list(made) == list("abcdef")
    assert made["a"] == Area(range(2, 4), range(1, 4))
    assert made["c"] == Area(range(2, 4), range(7, 10))
    assert made["f"] == Area(range(4, 6), range(7, 10))
    with pytest.raises(ValueError, match="zip"):
        blocks("abcde", range(2, 6), range(1, 10), (2, 3))
