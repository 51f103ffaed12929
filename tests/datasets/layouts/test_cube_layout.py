"""The published file of a remote-sensing image is found, checked, and cut."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.areas import AreaDataSet, AreaSource
from benchmark.dataset import Area
from benchmark.errors import RequestError
from datasets._layouts.cube import Cube
from tests.datasets.makers import mat5, mat73

CUBE = Cube(
    names=("Town.mat", "town_copy.mat"),
    folders=("town",),
    variable="town",
    shape=(12, 10, 4),
    rows=range(2, 12),
    columns=range(1, 9),
)
AREAS = {"a": Area(range(4), range(8)), "b": Area(range(6, 10), range(2, 8))}


class Town(AreaDataSet):
    """Two areas of a town."""

    name = "town"
    title = "Town"
    home = "https://town.example"
    test = ("b",)
    validation = ()

    @property
    def areas(self) -> Mapping[str, Area]:
        """The areas."""
        return AREAS

    def open(self, root: Path, scenes: object) -> AreaSource:
        """Find the file."""
        return CUBE.open(self, root, tuple(AREAS))


def values() -> np.ndarray:
    """Make an image with negative values, its maximum outside the part that is used."""
    made = np.random.default_rng(0).integers(-5, 900, CUBE.shape, dtype=np.int16)
    made[0, 0, 0] = 9000
    made[5, 5, 2] = 1000
    return made


def test_a_folder_that_is_linked_into_itself_has_the_file_once(tmp_path: Path) -> None:
    mat5(tmp_path / "town" / "Town.mat", town=values())
    (tmp_path / "town" / "town").symlink_to(tmp_path / "town")
    assert CUBE.open(Town(), tmp_path, ["a"]).read("a").cube.shape == (4, 8, 4)


def refusal(root: Path, cube: Cube = CUBE) -> str:
    """Open and read; gives the one line that it ends with."""
    with pytest.raises(RequestError) as caught:
        cube.open(Town(), root, ["a"]).read("a")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("make", [mat5, mat73])
@pytest.mark.parametrize("place", ["town/Town.mat", "Town/TOWN.MAT", "town_copy.mat"])
def test_areas_of_the_part_that_is_used(
    tmp_path: Path, make: object, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(make)
    make(tmp_path / place, town=values(), mask=np.ones((12, 10)))
    scene = Town().open(tmp_path, ()).read("b")
    np.testing.assert_array_equal(scene.cube, np.maximum(values(), 0)[8:12, 3:9])
    assert (scene.peak, scene.wavelengths, scene.remark) == (1000.0, (), "")
    negative = int((values()[2:12, 1:9] < 0).sum())
    assert f"town: {negative} negative values set to 0" in capsys.readouterr().err


def test_a_stated_peak_is_kept(tmp_path: Path) -> None:
    mat5(tmp_path / "Town.mat", town=np.abs(values()))
    cube = dataclasses.replace(CUBE, peak=8000.0)
    assert cube.open(Town(), tmp_path, ["a"]).read("a").peak == 8000.0


def test_a_crop_or_another_variable_is_not_taken_for_the_published_image(tmp_path: Path) -> None:
    file = mat5(tmp_path / "Town.mat", town=values()[:11])
    text = refusal(tmp_path)
    assert f"{file} cannot be used as town: expected 'town' as 12 x 10 x 4 numbers" in text
    assert "found 11 x 10 x 4 of int16; get the published file from https://town.example" in text
    assert f"--dataset 'folder[path={tmp_path},test=...]'" in text
    mat5(tmp_path / "Town.mat", city=values())
    assert "expected a variable 'town', found 'city' (12 x 10 x 4 int16)" in refusal(tmp_path)


def test_a_missing_file_is_named_with_where_it_was_searched(tmp_path: Path) -> None:
    mat5(tmp_path / "town_crop.mat", town=values())
    text = refusal(tmp_path)
    assert (
        "town: expected its file Town.mat or town_copy.mat, or one .mat file of another name in "
        f"town/, found none. Searched {tmp_path} and its town/; found there: town_crop.mat"
    ) in text
    assert f"Get it from https://town.example and put it into {tmp_path / 'town'}" in text
    assert "which is not a folder" in refusal(tmp_path / "nowhere")


def test_the_only_file_in_the_folder_of_the_data_set_may_have_any_name(tmp_path: Path) -> None:
    mat5(tmp_path / "Town" / "as_published" / "t-2014.MAT", town=values())
    (tmp_path / "Town" / "readme.txt").write_bytes(b"")
    assert CUBE.open(Town(), tmp_path, ["a"]).read("a").cube.shape == (4, 8, 4)
    mat5(tmp_path / "Town" / "ground_truth.mat", town_gt=values())
    assert "of another name in town/, found 2. Searched" in refusal(tmp_path)
    mat5(tmp_path / "Town" / "Town.mat", town=values())
    assert CUBE.open(Town(), tmp_path, ["a"]).read("a").cube.shape == (4, 8, 4)


def test_two_files_are_not_chosen_between(tmp_path: Path) -> None:
    for name in ("Town.mat", "town/Town.mat"):
        mat5(tmp_path / name, town=values())
    assert "expected one file Town.mat, found" in refusal(tmp_path)


def test_a_damaged_file_and_one_without_values_are_refused(tmp_path: Path) -> None:
    file = mat5(tmp_path / "Town.mat", town=values() * 0)
    assert "expected a finite positive maximum, found 0.0" in refusal(tmp_path)
    file.write_bytes(file.read_bytes()[:300])
    assert "cannot be used as town: it is damaged" in refusal(tmp_path)
