"""A data set that counts how often it is read, and its prepared scenes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.data.cache import PreparedScenes, prepare
from benchmark.dataset import DataSet, Scene, Source
from benchmark.errors import RequestError

NAMES = ("one", "two", "three")


def scene(name: str, offset: int = 0) -> Scene:
    """Make a scene; each has another type."""
    number = NAMES.index(name)
    kind = (np.uint8, np.uint16, np.float32)[number]
    values = np.random.default_rng(number).integers(0, 200, (9 + number, 7, 3)) + offset
    cube = values.astype(kind)
    return Scene(name, cube, (400.0, 500.0, 612.5), (255.0, 1023.0, 256.0)[number])


class Kept(DataSet):
    """A data set whose files are one number, counting what is read of it."""

    name = "kept"
    title = "Kept"
    scenes = NAMES
    test = ("three",)
    validation = ()

    def __init__(self) -> None:
        self.offset = 0
        self.reads: list[str] = []
        self.broken = ""

    def open(self, root: Path, scenes: Sequence[str]) -> Source:
        """Stamp with the number."""
        return _Kept(self)


class _Kept(Source):
    def __init__(self, owner: Kept) -> None:
        self.owner = owner
        self.stamp = f"offset {owner.offset}"

    def read(self, scene_name: str) -> Scene:
        if scene_name == self.owner.broken:
            raise RequestError(f"{scene_name} is damaged")
        self.owner.reads.append(scene_name)
        return scene(scene_name, self.owner.offset)


def opened(kept: Kept, cache: Path, names: Sequence[str] = NAMES) -> PreparedScenes:
    """Prepare with the label `kept`."""
    return prepare(kept, "kept", Path("no-such-folder"), names, cache)


def same(first: Scene, second: Scene) -> bool:
    """Compare two scenes in all that they hold."""
    return (
        first.name == second.name
        and first.cube.dtype == second.cube.dtype
        and np.array_equal(first.cube, second.cube)
        and (first.wavelengths, first.peak) == (second.wavelengths, second.peak)
    )


def files(cache: Path) -> list[str]:
    """List the files below a folder, hidden ones included."""
    return sorted(str(file.relative_to(cache)) for file in cache.rglob("*") if file.is_file())


def stored(cache: Path, name: str) -> Path:
    """Return the file of one scene."""
    return cache / "scenes" / "kept" / f"{name}.safetensors"


ALL = [f"scenes/kept/{name}.safetensors" for name in sorted(NAMES)]
