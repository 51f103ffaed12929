"""Interface of data set plugins: named scenes that are read from files and verified.

A plugin subclasses `DataSet` in a file of `datasets/`; it handles files and formats only.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, TypeVar, dataclass_transform

import numpy as np

from benchmark.errors import RequestError
from benchmark.plugins.parameters import parameter
from benchmark.plugins.registry import Registry
from benchmark.plugins.spelling import check_spelling

D = TypeVar("D", bound="DataSet")
NO_AREAS: "Mapping[str, Area]" = MappingProxyType({})


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


@dataclass(frozen=True)
class Area:
    """The rectangle of an image that a scene consists of.

    Attributes:
        rows: its rows in the image, counted from 0, such as `range(0, 512)`; the step is 1.
        columns: its columns.
        image: which image, in a data set of areas of several images.

    Example:
        >>> Area(range(0, 4), range(0, 8)).overlaps(Area(range(4, 8), range(0, 8)))
        False
    """

    rows: range
    columns: range
    image: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and of columns."""
        return len(self.rows), len(self.columns)

    def overlaps(self, other: "Area") -> bool:
        """Return whether two areas have pixels in common."""
        return self.image == other.image and all(
            max(one.start, two.start) < min(one.stop, two.stop)
            for one, two in ((self.rows, other.rows), (self.columns, other.columns))
        )

    def cut(self, cube: np.ndarray) -> np.ndarray:
        """Return a view of this area of (rows, columns, ...).

        Raises:
            RequestError: the image is smaller than the area.
        """
        rows, columns = self.rows, self.columns
        if min(rows.start, columns.start) < 0 or (
            rows.stop > cube.shape[0] or columns.stop > cube.shape[1]
        ):
            raise RequestError(
                f"expected an image that contains {self}, found {cube.shape[0]} x {cube.shape[1]} "
                "pixels"
            )
        return cube[rows.start : rows.stop, columns.start : columns.stop]

    def __str__(self) -> str:
        rows, columns = self.rows, self.columns
        return (
            f"rows {rows.start} to {rows.stop - 1} and columns {columns.start} to "
            f"{columns.stop - 1}{self.image and f' of {self.image}'}"
        )


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

    def remedy(self, scene: str) -> str:
        """Return what to do about a scene that is not as `Scene` describes it."""
        return "correct what the data set's `read` returns"


class DataSet(ABC):
    """A data set: its source, how it is verified and read, and its split.

    Attributes:
        name: set by the registry.
        title: name in tables.
        home: URL of its home page.
        synthetic: True for computed scenes; every table says so.
        independent: False for scenes that are areas of one image, which are more alike than images
            of their own; every table says so, and a test of significance over them says little.
        required: the parameters without which it has no scenes, as an example to show:
            "path=DIR,test=a+b"; empty for a data set that works by its name alone.
        remark: a sentence above every table (how it was scaled, what is unverified).
        scenes: name of every scene, in the data set's own order; unique, also without case.
        test: the paper's test scenes; none for a data set to train on only.
        validation: training scenes held out for validation, the same for every method.
        areas: for scenes that are areas of an image, the area of each; no two may overlap.

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
    required: ClassVar[str] = ""

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

    @property
    def areas(self) -> Mapping[str, Area]:
        """The area of each scene that is part of an image; empty for whole images."""
        return NO_AREAS

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
            RequestError: the download failed, or the files differ from the published ones; or the
                data set is not downloaded.
        """
        if self.synthetic:
            raise RequestError(f"{self.name} is computed, not downloaded; run it directly")
        files = f"get its files from {self.home}" if self.home else "its files are your own"
        raise RequestError(
            f"{self.name} cannot be downloaded by this command; {files}; a run says which are "
            "missing and where they are searched"
        )


DATASETS: Registry[DataSet] = Registry("data set", "datasets", "hsisr.datasets")


# A function instead of a bound method, so that type checkers see `dataclass_transform`.
@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def register(name: str, **facts: str) -> Callable[[type[D]], type[D]]:
    """Register a data set under a name, as a frozen dataclass; used as a decorator.

    Args:
        name: as on the command line.
        facts: `bibtex`: the entries that `cite` prints.

    Raises:
        RequestError: another file has registered the name, or an attribute is misspelt.
    """

    def decorate(cls: type[D]) -> type[D]:
        check_spelling("data set", name, cls, DataSet)
        DATASETS.register(name, **facts)(cls)
        return cls

    return decorate
