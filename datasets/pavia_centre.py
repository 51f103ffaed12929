"""Pavia Centre: a city seen by the airborne sensor ROSIS, 1096 x 715 pixels, 102 bands.

The published values are divided by 8000; negative ones become 0. Papers split the image in several
ways, and some do not say how. This is one of the published splits: five tiles of 216 x 216 down the
left edge are for testing, and the columns from 224 on for training, so that 8 columns lie between.
The last 216 rows of the training part are held out for validation here. It is not the split of
SSPSR (TCI 2020), whose test area is unknown: its rows of results must not be compared with these.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from benchmark.data.areas import AreaDataSet, blocks
from benchmark.dataset import Area, Source, register
from datasets._layouts.cube import NEGATIVES, Cube

ROWS, COLUMNS, BANDS = 1096, 715, 102
TILE = 216
FIRST = 224  # column of the training part, counted from 0
CUBE = Cube(
    names=("Pavia.mat", "PaviaCentre.mat", "Pavia_Centre.mat"),
    folders=("pavia_centre", "pavia"),
    variable="pavia",
    shape=(ROWS, COLUMNS, BANDS),
    rows=range(ROWS),
    columns=range(COLUMNS),
    peak=8000.0,
)
TEST = tuple(f"test{number}" for number in range(1, 6))
AREAS: Mapping[str, Area] = MappingProxyType(
    {
        "training": Area(range(ROWS - TILE), range(FIRST, COLUMNS)),
        "validation": Area(range(ROWS - TILE, ROWS), range(FIRST, COLUMNS)),
        **blocks(TEST, range(len(TEST) * TILE), range(TILE), (TILE, TILE)),
    }
)


@register(
    "pavia_centre",
    bibtex=r"""
    @misc{grana_scenes,
      author = {Gra{\~n}a, Manuel and Veganzons, Miguel Angel and Ayerdi, Borja},
      title = {Hyperspectral Remote Sensing Scenes}, howpublished = {Web page of the owners},
      url = {https://www.ehu.eus/ccwintco/index.php/Hyperspectral_Remote_Sensing_Scenes}
    }
    """,
)
class PaviaCentre(AreaDataSet):
    """Pavia Centre, split by area."""

    title: ClassVar[str] = "Pavia Centre"
    home: ClassVar[str] = (
        "https://www.ehu.eus/ccwintco/index.php/Hyperspectral_Remote_Sensing_Scenes"
    )
    areas = AREAS
    test = TEST
    validation = ("validation",)

    @property
    def remark(self) -> str:
        """The split, the scaling, and that the scenes are not independent."""
        return (
            f"Pavia Centre, divided by 8000. Test: five tiles of {TILE} x {TILE} down the left "
            f"edge; training: the columns from {FIRST} on, of which the last {TILE} rows are for "
            f"validation. This is not the split of SSPSR, which is unknown. {NEGATIVES} "
            f"{super().remark}"
        )

    def open(self, root: Path, scenes: Sequence[str]) -> Source:
        """Find the file `Pavia.mat`.

        Raises:
            RequestError: there is no such file, or several.
        """
        return CUBE.open(self, root, scenes)
