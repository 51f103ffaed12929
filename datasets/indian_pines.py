"""Indian Pines: farmland in Indiana seen by AVIRIS, 145 x 145 pixels, 200 bands.

The file is part of the package tensorly 0.10.0; the bands of water vapour have been removed from
it, and its wavelengths are not stated. Values are divided by the maximum of the whole image. Three
tiles of 48 x 48 along the lower edge are for testing; 8 rows or columns lie between the areas for
testing, for training and for validation.

The image is doi:10.4231/R7RX991C (Baumgardner, Biehl & Landgrebe, Purdue University, 2015).
"""

import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from benchmark.data.areas import AreaDataSet, AreaSource, blocks
from benchmark.data.formats import numpy_files
from benchmark.data.search import read_file, search, stamp
from benchmark.dataset import Area, Scene, Source, register
from benchmark.errors import RequestError

PACKAGE = "tensorly"
INSTALL = "pip install tensorly==0.10.0"
FILE = "Indian_pines_corrected.npy"
SHA256 = "8f038e4d81569e38ebfc72a15c9984c150de42580ab260be10a13442e912e451"
SIZE = 145
TILE = 48
GAP = 8
TRAINING_ROWS = SIZE - TILE - GAP
TRAINING_COLUMNS = 96
TEST = ("test1", "test2", "test3")
AREAS: Mapping[str, Area] = MappingProxyType(
    {
        "training": Area(range(TRAINING_ROWS), range(TRAINING_COLUMNS)),
        "validation": Area(range(TRAINING_ROWS), range(TRAINING_COLUMNS + GAP, SIZE)),
        **blocks(TEST, range(SIZE - TILE, SIZE), range(len(TEST) * TILE), (TILE, TILE)),
    }
)


@register(
    "indian_pines",
    bibtex="""
    @misc{baumgardner2015pines,
      author = {Baumgardner, Marion F. and Biehl, Larry L. and Landgrebe, David A.},
      title = {220 Band {AVIRIS} Hyperspectral Image Data Set: June 12, 1992 {Indian Pine} Test
        Site 3},
      howpublished = {Purdue University Research Repository},
      year = {2015}, doi = {10.4231/R7RX991C}
    }
    """,
)
class IndianPines(AreaDataSet):
    """Indian Pines, split by area."""

    title: ClassVar[str] = "Indian Pines"
    home: ClassVar[str] = "https://doi.org/10.4231/R7RX991C"
    areas = AREAS
    test = TEST
    validation = ("validation",)

    @property
    def remark(self) -> str:
        """The split, the scaling, and that the scenes are not independent."""
        return (
            f"Indian Pines, divided by its maximum. Test: three tiles of {TILE} x {TILE} along the "
            "lower edge. One small image: for trying methods on remote sensing, not for quoting. "
            f"{super().remark}"
        )

    def open(self, root: Path, scenes: Sequence[str]) -> Source:
        """Find the file, below `root` or in the package.

        Raises:
            RequestError: it is in neither.
        """
        file = find(root)
        areas = {scene: AREAS[scene] for scene in scenes}
        return AreaSource(areas, stamp([file], file.parent), lambda: read(file))


def find(root: Path) -> Path:
    """Find the file, in the data folder or else in the package.

    Raises:
        RequestError: it is in neither.
    """
    found = search(root, lambda name: name.lower() == IndianPines.name)
    files = [file for file in found.files if file.name.lower() == FILE.lower()]
    # Not imported: that takes seconds, and may choose another backend.
    spec = importlib.util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    files += [Path(folder, "datasets", "data", FILE) for folder in folders or ()]
    if file := next((file for file in files if file.is_file()), None):
        return file
    version = "the package tensorly" if spec is None else f"tensorly, which has none in {folders}"
    raise RequestError(
        f"indian_pines: expected the file {FILE}, found none. Searched {root} and its "
        f"indian_pines/, and {version}; install it with: {INSTALL}"
    )


def read(file: Path) -> Scene:
    """Read and verify the whole image.

    Raises:
        RequestError: it is not the known file.
    """
    digest = hashlib.sha256(read_file(file)).hexdigest()
    if digest != SHA256:
        raise RequestError(
            f"indian_pines: {file} is not the known file: expected SHA-256 {SHA256}, found "
            f"{digest}; delete it and install the package again with: {INSTALL} --force-reinstall"
        )
    cube = numpy_files.read(file).values
    return Scene("indian_pines", cube, (), float(cube.max()))
