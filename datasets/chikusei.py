"""Chikusei: fields and a town in Japan seen by the airborne Headwall VNIR-C, 128 bands.

Of the 2517 x 2335 pixels, rows 107 to 2410 and columns 144 to 2191 (counted from 1) are used, as
in SSPSR (TCI 2020): 2304 x 2048 pixels, divided by their maximum; negative values become 0. The
first 512 rows are for testing, as four tiles of 512 x 512, and the rest for training. Here the rest
is cut into blocks of 448 x 512, so that training needs no image of gigabytes, and the last block is
held out for validation.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from benchmark.data.areas import AreaDataSet, blocks
from benchmark.dataset import Area, Source, register
from datasets._layouts.cube import NEGATIVES, Cube

TILE = 512
BLOCK = (448, 512)
CUBE = Cube(
    names=("HyperspecVNIR_Chikusei_20140729.mat", "Chikusei.mat"),
    folders=("chikusei",),
    variable="chikusei",
    shape=(2517, 2335, 128),
    rows=range(106, 2410),
    columns=range(143, 2191),
)
ROWS, COLUMNS = len(CUBE.rows), len(CUBE.columns)
TEST = tuple(f"test{number}" for number in range(1, 5))
TRAINING = (*(f"training{number:02}" for number in range(1, 16)), "validation")
AREAS: Mapping[str, Area] = MappingProxyType(
    {
        **blocks(TRAINING, range(TILE, ROWS), range(COLUMNS), BLOCK),
        **blocks(TEST, range(TILE), range(COLUMNS), (TILE, TILE)),
    }
)


@register(
    "chikusei",
    bibtex="""
    @techreport{yokoya2016chikusei,
      author = {Yokoya, Naoto and Iwasaki, Akira}, year = {2016}, number = {SAL-2016-05-27},
      title = {Airborne Hyperspectral Data over {Chikusei}},
      institution = {Space Application Laboratory, University of Tokyo}
    }
    """,
)
class Chikusei(AreaDataSet):
    """Chikusei, split by area as by SSPSR."""

    title: ClassVar[str] = "Chikusei"
    home: ClassVar[str] = "https://naotoyokoya.com/Download.html"
    areas = AREAS
    test = TEST
    validation = ("validation",)

    @property
    def remark(self) -> str:
        """The split, the scaling, and that the scenes are not independent."""
        return (
            f"Chikusei, its central {ROWS} x {COLUMNS} pixels divided by their maximum. Test: the "
            f"first {TILE} rows as four tiles; training: the rest, of which the last block of "
            f"{BLOCK[0]} x {BLOCK[1]} is for validation. {NEGATIVES} {super().remark}"
        )

    def open(self, root: Path, scenes: Sequence[str]) -> Source:
        """Find the MATLAB file of version 7.3.

        Raises:
            RequestError: there is no such file, or several.
        """
        return CUBE.open(self, root, scenes)
