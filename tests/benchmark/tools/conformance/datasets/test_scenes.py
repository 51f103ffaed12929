"""Checks of the scenes that a data set reads."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from benchmark.dataset import Area, Scene
from benchmark.tools.conformance import Conformance
from tests.benchmark.tools.conformance.datasets.support import (
    Shelf,
    Sound,
    checks_of,
    reading,
    reason_of,
)


def test_only_the_scenes_that_were_chosen_are_read() -> None:
    read: list[str] = []

    class Watched(Shelf):
        def read(self, scene: str) -> Scene:
            read.append(scene)
            return super().read(scene)

    made = checks_of(Watched).plugin
    assert Conformance(made, scenes=("B", "d")).check("scenes-valid").outcome == "passed"
    assert read == ["b", "d"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda one: replace(one, cube=one.cube[0]), "expected a cube of rows x columns x bands"),
        (lambda one: replace(one, wavelengths=(500.0,)), "expected as many wavelengths as bands"),
        (lambda one: replace(one, cube=one.cube - 3.0), "expected no negative values, found"),
        (lambda one: replace(one, peak=200.0), "expected values up to the peak 200, found"),
        (lambda one: replace(one, cube=np.where(one.cube > 9, one.cube, np.nan)), "expected fini"),
        (lambda one: replace(one, name="x"), "expected a scene of that name, found 'x'"),
    ],
)
def test_a_scene_that_is_not_as_described(change: Callable[[Scene], Scene], reason: str) -> None:
    found = reason_of("scenes-valid", reading(change))
    assert found.startswith(f"faulty: scene a: {reason}")
    assert found.endswith("(and 4 more scenes)")


def test_unknown_wavelengths_are_allowed() -> None:
    source = reading(lambda one: replace(one, wavelengths=()))
    for name in ("scenes-valid", "scenes-together"):
        assert checks_of(source).check(name).outcome == "passed"


def test_an_exception_while_reading_is_named_with_its_place() -> None:
    class Broken(Shelf):
        def read(self, scene: str) -> Scene:
            if scene == "b":
                raise ZeroDivisionError("one over nothing")
            return super().read(scene)

    reason = reason_of("scenes-valid", Broken)
    assert reason.startswith("faulty: scene b: ZeroDivisionError: one over nothing (test_scenes.py")
    # The others are checked all the same.
    assert checks_of(Broken).check("scenes-together").outcome == "passed"


def test_scenes_that_do_not_fit_together() -> None:
    def cut(one: Scene) -> Scene:
        few = replace(one, cube=one.cube[..., :2], wavelengths=one.wavelengths[:2])
        return few if one.name == "e" else one

    found = reason_of("scenes-together", reading(cut))
    assert "expected 3 bands in every scene of faulty" in found
    twin = reading(lambda one: replace(Shelf().read("a"), name=one.name))
    assert "found the same pixels in a (training) and b" in reason_of("scenes-together", twin)


def test_scenes_that_are_not_their_areas() -> None:
    areas = {name: Area(range(16), range(12), image=name) for name in Sound.scenes}
    assert checks_of(areas=areas).check("areas-delivered").outcome == "passed"
    areas["c"] = Area(range(16), range(11), image="c")
    expected = "c has (16, 12) pixels, its area (16, 11)"
    assert reason_of("areas-delivered", areas=areas) == expected


def test_a_scene_that_is_another_one_when_it_is_read_again() -> None:
    class Random(Shelf):
        def read(self, scene: str) -> Scene:
            one = super().read(scene)
            noise = np.random.default_rng().integers(2, size=one.cube.shape, dtype=np.uint8)
            return replace(one, cube=one.cube // 2 + noise) if scene == "c" else one

    assert reason_of("reading-reproducible", Random) == "reading c again gives another scene"
