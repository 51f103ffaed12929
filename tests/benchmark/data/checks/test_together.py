"""Scenes that do not fit together, or are used twice, are refused before the first cell."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.data.split import DataRequest, Split, load_split
from benchmark.dataset import DataSet, Scene, Source, register
from benchmark.errors import RequestError
from tests.benchmark.support import EIGHT_BIT

pytestmark = pytest.mark.usefixtures("registries")

NAMES = ("a", "b", "c", "d")


def scene(name: str, seed: int, bands: int = 3) -> Scene:
    """Draw a scene."""
    cube = np.random.default_rng(seed).integers(0, 250, (8, 6, bands), dtype=np.uint8)
    return Scene(name, cube, tuple(400.0 + 10 * band for band in range(bands)), 255.0)


GOOD = {name: scene(name, seed) for seed, name in enumerate(NAMES)}


def shelf(name: str, scenes: Mapping[str, Scene], text: str = "", **parts: Any) -> None:
    """Register a data set of these scenes: the last is tested on, the one before validates."""

    class Kept(Source):
        stamp = "1"

        def read(self, scene: str) -> Scene:
            return scenes[scene]

    class Shelf(DataSet):
        title = "Shelf"

        @property
        def remark(self) -> str:
            return text

        def open(self, root: Path, scenes: Sequence[str]) -> Source:
            return Kept()

    names = tuple(scenes)
    facts = {"scenes": names, "test": names[-1:], "validation": names[-2:-1], **parts}
    register(name)(type("Shelf", (Shelf,), facts))


def loaded(cache: Path, *train_on: str, scenes: tuple[str, ...] = ()) -> Split:
    """Load the data set `shelf`."""
    return load_split(
        DataRequest("shelf", train_on, scenes, Path("no-such-folder"), cache), EIGHT_BIT
    )


def refusal(cache: Path, *train_on: str) -> str:
    """Return the message of a split that is refused."""
    with pytest.raises(RequestError) as caught:
        loaded(cache, *train_on)
    return str(caught.value)


def test_the_same_pixels_under_two_names_are_refused(tmp_path: Path) -> None:
    shelf("shelf", {**GOOD, "b": replace(GOOD["a"], name="b")})
    assert "found the same pixels in a (training) and b (training)" in refusal(tmp_path)


def test_a_test_scene_that_is_trained_on_under_another_name_and_type_is_refused(
    tmp_path: Path,
) -> None:
    copy = replace(GOOD["d"], name="a", cube=GOOD["d"].cube.astype(np.uint16) * 257, peak=65535.0)
    shelf("shelf", {**GOOD, "a": copy})
    text = refusal(tmp_path)
    assert text.startswith(
        "shelf: expected every image in one scene only, found the same pixels in "
    )
    assert "a (training) and d (test)" in text
    assert text.endswith("; correct the data set, or leave scenes out with --scenes")


def test_a_test_scene_of_another_data_set_that_is_trained_on_is_refused(tmp_path: Path) -> None:
    shelf("shelf", GOOD)
    others = {name: scene(name, 10 + seed) for seed, name in enumerate("stuv")}
    shelf("other", {**others, "s": replace(GOOD["d"], name="s")})
    assert "found the same pixels in s of other (training) and d of shelf (test)" in refusal(
        tmp_path, "shelf", "other"
    )


def test_scenes_of_the_same_name_in_two_data_sets_are_not_the_same(tmp_path: Path) -> None:
    shelf("shelf", GOOD)
    shelf("other", {name: scene(name, 10 + seed) for seed, name in enumerate(NAMES)})
    assert len(loaded(tmp_path, "shelf", "other").train) == 4


def test_a_scene_with_fewer_bands_is_named_with_both_numbers(tmp_path: Path) -> None:
    shelf("shelf", {**GOOD, "b": scene("b", 1, 2)})
    text = refusal(tmp_path)
    assert "expected 3 bands in every scene of shelf, as in 3 of them, found another" in text
    assert "number in 1 scene: b (2)" in text


def test_data_sets_with_other_numbers_of_bands_are_named_with_them(tmp_path: Path) -> None:
    shelf("shelf", GOOD)
    shelf("other", {name: scene(name, 10 + seed, 4) for seed, name in enumerate(NAMES)})
    assert "found 4 in other, 3 in shelf" in refusal(tmp_path, "other")


def test_other_wavelengths_within_one_data_set_are_refused(tmp_path: Path) -> None:
    shelf("shelf", {**GOOD, "c": replace(GOOD["c"], wavelengths=(410.0, 420.0, 430.0))})
    text = refusal(tmp_path)
    assert "of shelf, 400 to 420 nm, found others in c: 410 to 430 nm" in text
    shelf("other", {name: replace(scene(name, 9 + n), wavelengths=()) for n, name in
                    enumerate(NAMES)})  # fmt: skip
    assert len(load_split(DataRequest("other", (), (), tmp_path, tmp_path), EIGHT_BIT).train) == 2


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"validation": ("d",)}, "found 'd' in both"),
        ({"test": ("x",)}, "expected names of `scenes` in `test`, found 'x'"),
        ({"test": ()}, "shelf: expected one or more scenes in `test`, found none of its scenes "),
    ],
)
def test_a_wrong_split_is_refused_before_any_scene_is_read(
    tmp_path: Path, parts: dict[str, Any], says: str
) -> None:
    shelf("shelf", GOOD, **parts)
    text = refusal(tmp_path)
    assert says in text
    assert "--scenes" not in text
    assert list(tmp_path.iterdir()) == []


def test_a_scene_that_is_refused_is_not_stored_and_the_next_run_says_it_again(
    tmp_path: Path,
) -> None:
    shelf("shelf", {**GOOD, "b": replace(GOOD["b"], peak=99.0)})
    for _ in range(2):
        assert "shelf: scene b: expected values up to the peak 99" in refusal(tmp_path)
    assert sorted(path.stem for path in tmp_path.rglob("*.safetensors")) == ["a"]


def test_the_remarks_of_data_sets_and_scenes_stand_in_the_cells(tmp_path: Path) -> None:
    odd = replace(GOOD["d"], remark="not the published data")
    shelf("shelf", {**GOOD, "d": odd}, "Scaled by hand.")
    shelf("other", {name: scene(name, 10 + seed) for seed, name in enumerate(NAMES)}, "By night.")
    for _ in range(2):  # the second time from the cache
        facts = loaded(tmp_path).facts()
        assert facts["remark"] == ("Scaled by hand. Not the published data: 1 of 4 scenes (d).")
        assert facts["marks"] == ["not the published data"]
    both = loaded(tmp_path, "shelf", "other").facts()["remark"]
    assert both == "Scaled by hand. By night. Not the published data: 1 of 7 scenes (d of shelf)."
    assert loaded(tmp_path, "other", scenes=("a", "d")).marks == ("not the published data",)
