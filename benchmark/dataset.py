"""What a data set is: scenes with names, read from files and verified.

A data set plugin subclasses `DataSet` in a file of `datasets/`; it knows files and formats only.
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
        cube: (rows, columns, bands), uint8, uint16 or float32, as stored; never negative.
        wavelengths: the bands' centres in nm, as many as bands.
        peak: the value that represents 1.0; `cube / peak` lies in [0, 1].
    """

    name: str
    cube: np.ndarray
    wavelengths: tuple[float, ...]
    peak: float


class Source(ABC):
    """The files of one data set, found and complete: what `DataSet.open` returns.

    Attributes:
        stamp: a text that changes with the files (names, sizes, times); cheap to compute.
    """

    stamp: str

    @abstractmethod
    def read(self, scene: str) -> Scene:
        """Read and verify one scene.

        Raises:
            RequestError: a file is damaged or not in the format of the data set.
        """


class DataSet(ABC):
    """A data set: where it comes from, how it is verified and read, and its split.

    Attributes:
        name: set by the registry.
        title: for tables.
        home: the page it comes from.
        synthetic: True for computed scenes; every table says so.
        remark: a sentence beside its numbers (how it was scaled, what is unverified).
        scenes: every scene's name, in the data set's own order.
        test: the paper's test scenes.
        validation: training scenes held out for validation, the same for every method.

    Example:
        >>> class Shelf(Source):
        ...     stamp = "1"
        ...     def read(self, scene):
        ...         return Scene(scene, np.ones((64, 64, 2), np.uint8), (500.0, 600.0), 255.0)
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

    @property
    def remark(self) -> str:
        """A sentence for the head of every table; may be empty."""
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
            RequestError: scenes or bands are missing: which, where they were searched for, and
                how to get them.
        """

    def fetch(self, root: Path) -> Path:
        """Download the data set below `root`; return its folder.

        Raises:
            RequestError: the download failed or is not what was published.
        """
        raise RequestError(f"{self.name} is computed, not downloaded; run it as it is")


DATASETS: Registry[DataSet] = Registry("data set", "datasets", "hsisr.datasets")


# A function, because a type checker does not see through a name for a bound method.
@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def register(name: str, **facts: str) -> Callable[[type[D]], type[D]]:
    """Register a data set under a name, as a frozen dataclass; used as a decorator.

    Raises:
        RequestError: another file has registered the name.
    """

    def keep(cls: type[D]) -> type[D]:
        DATASETS.register(name, **facts)(cls)
        return cls

    return keep
