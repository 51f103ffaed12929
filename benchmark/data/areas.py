"""Scenes that are areas of one large image, as remote sensing has them.

A data set of this kind subclasses `AreaDataSet`, names its areas, and opens an `AreaSource`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from benchmark.dataset import Area, DataSet, Scene, Source

REMARK = "Its scenes are areas of one image, and not independent of each other."


class AreaDataSet(DataSet):
    """A data set whose scenes are areas of one image.

    Subclasses define `areas`, `test`, `validation` and `open`.
    """

    independent: ClassVar[bool] = False

    @property
    def remark(self) -> str:
        """A note that the scenes are not independent."""
        return REMARK

    @property
    def scenes(self) -> tuple[str, ...]:
        """The names of the areas."""
        return tuple(self.areas)


class AreaSource(Source):
    """Cuts scenes from an image that is read once.

    The image is kept in memory until every scene has been read.

    Args:
        areas: of the scenes that will be read.
        stamp: a text that changes with the image's file.
        read_image: reads the whole image, as a scene of any name.
    """

    def __init__(
        self, areas: Mapping[str, Area], stamp: str, read_image: Callable[[], Scene]
    ) -> None:
        self.stamp = stamp
        self._areas, self._read_image = areas, read_image
        self._image: Scene | None = None
        self._waiting = set(areas)

    def read(self, scene: str) -> Scene:
        """Cut one scene; its wavelengths, peak and remark are the image's.

        Raises:
            RequestError: the image cannot be read, or does not contain the area.
        """
        image = self._image or self._read_image()
        cut = replace(image, name=scene, cube=self._areas[scene].cut(image.cube))
        self._waiting.discard(scene)
        self._image = image if self._waiting else None
        return cut


def blocks(
    names: Iterable[str], rows: range, columns: range, shape: tuple[int, int]
) -> dict[str, Area]:
    """Divide a rectangle into equal areas, row by row.

    Args:
        names: of the areas.
        rows: the rectangle's rows; a multiple of the areas' rows.
        columns: its columns, likewise.
        shape: rows and columns of an area.

    Example:
        >>> list(blocks("ab", range(4), range(2, 8), (4, 3)).values())[1]
        Area(rows=range(0, 4), columns=range(5, 8), image='')
    """
    height, width = shape
    places = (
        Area(range(top, top + height), range(left, left + width))
        for top in range(rows.start, rows.stop, height)
        for left in range(columns.start, columns.stop, width)
    )
    return dict(zip(names, places, strict=True))
