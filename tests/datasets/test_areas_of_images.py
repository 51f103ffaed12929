"""Pavia Centre and Chikusei, and Indian Pines too, are divided by area as they say."""

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest

from benchmark.dataset import DATASETS
from benchmark.errors import RequestError
from benchmark.plugins.discovery import discover
from datasets import chikusei, pavia_centre
from datasets.chikusei import Chikusei
from datasets.pavia_centre import PaviaCentre
from tests.datasets.makers import mat5, mat73

SIZES = {"pavia_centre": (1096, 715), "chikusei": (2304, 2048), "indian_pines": (145, 145)}


@pytest.mark.parametrize("name", SIZES)
def test_the_areas_of_a_data_set_are_disjoint_and_within_its_image(name: str) -> None:
    discover([DATASETS])
    made = DATASETS.make(name)
    assert made.scenes == tuple(made.areas)
    assert not made.independent
    assert "not independent" in made.remark
    assert made.validation == ("validation",)
    rows, columns = SIZES[name]
    for area in made.areas.values():
        assert min(area.rows.start, area.columns.start) >= 0
        assert area.rows.stop <= rows
        assert area.columns.stop <= columns
    for one, other in itertools.combinations(made.areas.values(), 2):
        assert not one.overlaps(other)
    for name in made.test:  # whole low-resolution pixels at x2, x4 and x8
        assert all(size % 8 == 0 for size in made.areas[name].shape)


def pixels(areas: list[tuple[int, int]]) -> int:
    """Count the pixels of areas."""
    return sum(rows * columns for rows, columns in areas)


def test_chikusei_is_divided_as_published() -> None:
    made = Chikusei()
    assert [(area.rows, area.columns) for area in map(made.areas.get, made.test) if area] == [
        (range(512), range(left, left + 512)) for left in (0, 512, 1024, 1536)
    ]
    # Nothing of the central part is left out, and MATLAB counts from 1.
    assert pixels([area.shape for area in made.areas.values()]) == 2304 * 2048
    assert (chikusei.CUBE.rows, chikusei.CUBE.columns) == (
        range(107 - 1, 2410),
        range(144 - 1, 2191),
    )


def test_chikusei_is_read_from_a_file_of_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cube = np.arange(2517 * 2335 * 2, dtype=np.uint32).astype(np.uint16).reshape(2517, 2335, 2)
    cube[0, 0, 0] = 65535  # outside the part that is used
    np.minimum(cube[106:2410, 143:2191], 15000, out=cube[106:2410, 143:2191])
    mat73(tmp_path / "chikusei" / "HyperspecVNIR_Chikusei_20140729.mat", chikusei=cube)
    monkeypatch.setattr(chikusei, "CUBE", dataclasses.replace(chikusei.CUBE, shape=cube.shape))
    scene = Chikusei().open(tmp_path, ["test2"]).read("test2")
    np.testing.assert_array_equal(scene.cube, cube[106 : 106 + 512, 143 + 512 : 143 + 1024])
    assert scene.peak == 15000.0


def test_pavia_centre_is_read_from_a_file_of_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cube = np.arange(1096 * 715 * 2, dtype=np.uint32).reshape(1096, 715, 2) % 8001
    cube = cube.astype(np.uint16)
    mat5(tmp_path / "Pavia.mat", pavia=cube)
    monkeypatch.setattr(
        pavia_centre, "CUBE", dataclasses.replace(pavia_centre.CUBE, shape=cube.shape)
    )
    source = PaviaCentre().open(tmp_path, ["test5", "training"])
    np.testing.assert_array_equal(source.read("test5").cube, cube[864:1080, :216])
    training = source.read("training")
    np.testing.assert_array_equal(training.cube, cube[:880, 224:])
    assert training.peak == 8000.0
    assert "not the split of SSPSR" in PaviaCentre().remark


def test_a_crop_of_pavia_centre_is_not_taken_for_it(tmp_path: Path) -> None:
    mat5(tmp_path / "Pavia.mat", pavia=np.ones((105, 120, 102), np.uint16))
    source = PaviaCentre().open(tmp_path, ["test1"])
    with pytest.raises(RequestError, match="as 1096 x 715 x 102 numbers, found 105 x 120 x 102"):
        source.read("test1")
