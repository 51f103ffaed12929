"""Interface of data set plugins: named scenes that are read from files and verified.

A plugin subclasses `DataSet` in a file of `datasets/`; it handles files and formats only.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar, dataclass_transform

import numpy as np

from benchmark.errors import RequestError
from benchmark.plugins.parameters import parameter
from benchmark.plugins.registry import Registry

D = TypeVar("D", bound="DataSet")


@dataclass(frozen=True)
class Scene:
    """One hyperspectral image.

    Attributes:
        name: the scene's name in its data set.
        cube: (rows, columns, bands), two bands or more, uint8, uint16 or float32 as stored (other
            real numbers are accepted); finite, from 0 to the peak, and not the same in every pixel.
        wavelengths: the bands' centres in nm, ascending, as many as bands; the same for every
            scene of a data set. Empty if unknown: figures then say "band number".
        peak: the value that represents 1.0; `cube / peak` lies in [0, 1].
        remark: what every table must say about this scene, without its name, such as "not the
            published data"; empty if nothing. No published numbers are shown beside it.

    What a data set delivers is checked when it is prepared (`benchmark.data.checks`).
    """

    name: str
    cube: np.ndarray
    wavelengths: tuple[float, ...]
    peak: float
    remark: str = ""


class Source(ABC):
    """The complete files of some scenes of a data set, as returned by `DataSet.open`.

    Attributes:
        stamp: a text that changes with the files (names, sizes, times), cheap to compute.
    """

    stamp: str

    @abstractmethod
    def read(self, scene: str) -> Scene:
        """Read and verify one scene.

        Raises:
            RequestError: a file is damaged or not in the format of the data set.
        """


class DataSet(ABC):
    """A data set: its source, how it is verified and read, and its split.

    Attributes:
        name: set by the registry.
        title: name in tables.
        home: URL of its home page.
        synthetic: True for computed scenes; every table says so.
        independent: False if scenes are areas of one image, which are not independent samples;
            every table and test over them says so.
        remark: a sentence above every table (how it was scaled, what is unverified).
        scenes: name of every scene, in the data set's own order; unique, also without case.
        test: the paper's test scenes; none for a data set to train on only.
        validation: training scenes held out for validation, the same for every method.

    Example:
        >>> class Shelf(Source):
        ...     stamp = "1"
        ...     def read(self, scene):
        ...         random = np.random.default_rng(ord(scene))
        ...         cube = random.integers(256, size=(64, 64, 2), dtype=np.uint8)
        ...         return Scene(scene, cube, (500.0, 600.0), 255.0)
        >>> @register("shelf")
        ... class ShelfScenes(DataSet):
        ...     title = "Shelf"
        ...     scenes = ("a", "b", "c", "d")
        ...     test = ("d",)
        ...     validation = ("c",)
        ...     def open(self, root, scenes):
        ...         return Shelf()
        >>> DATASETS.make("shelf").open(Path("data"), ["a"]).read("a").cube.shape
        (64, 64, 2)
    """

    name: ClassVar[str]
    title: ClassVar[str]
    home: ClassVar[str] = ""
    synthetic: ClassVar[bool] = False
    independent: ClassVar[bool] = True

    @property
    def remark(self) -> str:
        """A sentence to print above every table; may be empty."""
        return ""

    @property
    @abstractmethod
    def scenes(self) -> tuple[str, ...]:
        """Every scene's name."""

    @property
    @abstractmethod
    def test(self) -> tuple[str, ...]:
        """The test scenes of the data set's paper split."""

    @property
    @abstractmethod
    def validation(self) -> tuple[str, ...]:
        """The training scenes held out for validation."""

    @abstractmethod
    def open(self, root: Path, scenes: Sequence[str]) -> Source:
        """Find the files of these scenes below `root` (the folder that holds `cave/` and so on).

        Raises:
            RequestError: scenes or bands are missing; the message says which, where they were
                searched, and how to get them.
        """

    def unpublished(self, root: Path, scenes: Sequence[str]) -> Sequence[str]:
        """Compare the files of these scenes with the published ones, for `doctor`.

        Args:
            root: the folder that holds `cave/` and so on.
            scenes: scenes that `open` finds.

        Returns:
            One sentence per difference, with the files' names; empty if there is none.
        """
        return ()

    def fetch(self, root: Path) -> Path:
        """Download the data set below `root` and return its folder.

        Raises:
            RequestError: the download failed, or the files differ from the published ones.
        """
        raise RequestError(f"{self.name} is computed, not downloaded; run it directly")


DATASETS: Registry[DataSet] = Registry("data set", "datasets", "hsisr.datasets")


# A function instead of a bound method, so that type checkers see `dataclass_transform`.
@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def register(name: str, **facts: str) -> Callable[[type[D]], type[D]]:
    """Register a data set under a name, as a frozen dataclass; used as a decorator.

    Raises:
        RequestError: another file has registered the name.
    """

    def decorate(cls: type[D]) -> type[D]:
        DATASETS.register(name, **facts)(cls)
        return cls

    return decorate
