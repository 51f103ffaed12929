"""A sound data set for the tests, faulty ones made of it, and a function to run their checks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.dataset import DATASETS, DataSet, Scene, Source
from benchmark.tools.conformance import Conformance


class Shelf(Source):
    """Scenes of 16 x 12 pixels and three bands, computed from their names."""

    stamp = "1"

    def read(self, scene: str) -> Scene:
        """Return a scene in 8 bit."""
        random = np.random.default_rng(ord(scene))
        cube = random.integers(256, size=(16, 12, 3), dtype=np.uint8)
        return Scene(scene, cube, (500.0, 550.0, 600.0), 255.0)


class Sound(DataSet):
    """Five scenes that are computed."""

    title = "Sound"
    scenes = ("a", "b", "c", "d", "e")
    test = ("d", "e")
    validation = ("c",)

    def open(self, root: Path, scenes: Any) -> Source:
        """Open the shelf."""
        return Shelf()


def checks_of(
    source: type[Source] = Shelf, data: Path = Path("data"), **members: Any
) -> Conformance:
    """Register a data set with some members replaced, and return its checks."""
    body = {"__doc__": Sound.__doc__, "open": lambda *_: source(), **members}
    DATASETS.register("faulty")(type("Faulty", (Sound,), body))
    return Conformance(DATASETS.make("faulty"), data=data)


def reason_of(check: str, source: type[Source] = Shelf, **members: Any) -> str:
    """Run one check of a faulty data set, which must fail, and return the reason."""
    result = checks_of(source, **members).check(check)
    assert result.outcome == "failed", result
    return result.reason


def reading(read: Callable[[Scene], Scene]) -> type[Source]:
    """Return a source whose scenes are changed by a function."""
    return type("Changed", (Shelf,), {"read": lambda _self, name: read(Shelf().read(name))})
