"""What a data set is to the engine: scenes with names, read and verified from files.

A data set plugin subclasses `DataSet` in a file of `datasets/` and knows files and formats only.
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
        peak: the value that stands for 1.0; `cube / peak` lies in [0, 1].
    """

    name: str
    cube: np.ndarray
    wavelengths: tuple[float, ...]
    peak: float


class Source(ABC):
    """The files of one data set, found and complete; what `DataSet.open` returns.

    Attributes:
        stamp: text that changes when the files do (names, sizes, times); cheap to make.
    """

    stamp: str

    @abstractmethod
    def read(self, scene: str) -> Scene:
        """Read and verify one scene.

        Raises:
            RequestError: a file is damaged or not what the data set's format says.
        """


class DataSet(ABC):
    """A data set: where it lives, how it is verified and read, which scenes are for what.

    Attributes:
        name: set by the registry.
        title: for tables.
        home: the page it comes from.
        synthetic: True marks it so in every table.
        remark: a sentence that stands beside its numbers (how it was scaled, what is unverified).
        scenes: every scene's name, in the data set's own order.
        test: the paper's test scenes.
        validation: the two held out of the rest, the same for every method.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    home: ClassVar[str] = ""
    synthetic: ClassVar[bool] = False

    @property
    def remark(self) -> str:
        """A sentence for the head of every table; empty where nothing needs saying."""
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
            RequestError: scenes or bands are missing: which, where it looked, how to get them.
        """

    def fetch(self, root: Path) -> Path:
        """Download the data set below `root`; returns the folder it is in.

        Raises:
            RequestError: the download failed or is not what was published.
        """
        raise RequestError(f"{self.name} has nothing to download; just run it")


DATASETS: Registry[DataSet] = Registry("data set", "datasets", "hsisr.datasets")


# A function, as mypy does not see through a name that stands for a bound method.
@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def register(name: str, **facts: str) -> Callable[[type[D]], type[D]]:
    """Decorate a data set so that it can be asked for by name; makes it a frozen dataclass.

    Raises:
        RequestError: the name is taken by another file.
    """

    def keep(cls: type[D]) -> type[D]:
        DATASETS.register(name, **facts)(cls)
        return cls

    return keep
