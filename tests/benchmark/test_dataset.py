"""The interface of a data set."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmark.dataset import DATASETS, Area, DataSet, Source, register
from benchmark.errors import RequestError
from benchmark.plugins.discovery import discover
from benchmark.plugins.parameters import parameter


@pytest.mark.usefixtures("registries")
def test_a_data_set_is_registered_with_its_parameters(tmp_path: Path) -> None:
    @register("of-a-test")
    class Mine(DataSet):
        title = "Mine"
        scenes = ("a", "b")
        test = ("b",)
        validation = ()
        size: int = parameter(default=3, help="a size")

        def open(self, root: Path, scenes: Sequence[str]) -> Source:
            raise NotImplementedError

    made = DATASETS.make("of-a-test[size=4]")
    assert isinstance(made, Mine)
    assert made.size == 4
    assert made.name == "of-a-test"
    assert (made.home, made.synthetic, made.remark) == ("", False, "")
    assert (made.independent, made.required, dict(made.areas)) == (True, "", {})
    with pytest.raises(RequestError, match="of-a-test cannot be downloaded by this command"):
        made.fetch(tmp_path)


def test_a_misspelt_attribute_is_refused() -> None:
    class Areas(DataSet):
        title = "Areas of one image"
        independant = False

    with pytest.raises(RequestError, match="`independant` is not known, did you mean `independent"):
        register("areas-of-a-test")(Areas)  # type: ignore[type-abstract]


def test_a_data_set_must_say_what_it_holds() -> None:
    class Half(DataSet):
        title = "Half"

    with pytest.raises(TypeError, match="abstract"):
        Half()  # type: ignore[abstract]


@pytest.mark.parametrize("name", ["cave", "harvard", "synthetic"])
def test_the_split_of_every_data_set_is_disjoint_and_within_its_scenes(name: str) -> None:
    discover([DATASETS])
    made = DATASETS.make(name)
    assert len(set(made.scenes)) == len(made.scenes)
    assert set(made.test) | set(made.validation) <= set(made.scenes)
    assert not set(made.test) & set(made.validation)
    assert len(made.validation) == 2


@pytest.mark.parametrize(
    ("other", "overlaps"),
    [
        (Area(range(4, 9), range(2, 5)), False),  # next to it
        (Area(range(3, 9), range(5, 8)), False),
        (Area(range(3, 9), range(4, 8)), True),  # one pixel
        (Area(range(1, 2), range(3, 4)), True),  # inside
        (Area(range(3, 9), range(4, 8), "another image"), False),
    ],
)
def test_areas_overlap_if_they_have_a_pixel_in_common(other: Area, overlaps: bool) -> None:
    area = Area(range(4), range(2, 5))
    assert area.overlaps(other) == other.overlaps(area) == overlaps


def test_an_area_is_cut_from_an_image_that_contains_it() -> None:
    cube = np.arange(4 * 6 * 2).reshape(4, 6, 2)
    area = Area(range(1, 4), range(2, 6))
    assert area.shape == (3, 4)
    np.testing.assert_array_equal(area.cut(cube), cube[1:4, 2:6])
    for smaller in (cube[:3], cube[:, :5]):
        with pytest.raises(RequestError, match="contains rows 1 to 3 and columns 2 to 5, found"):
            area.cut(smaller)
