"""Harvard: 77 real-world scenes by Chakrabarti and Zickler, 31 bands from 420 to 720 nm.

The published values are processed in this order:

1. the top-left 1024 x 1024 pixels are taken, as in the paper (a smaller image is kept whole);
2. values from -1e-6 to 0 are rounding errors and become 0; lower ones, NaN and infinity are errors;
3. they are converted to float32, and scaled by the parameter `scaling`:

    image-maximum  each image by the largest value of its own crop
    set-maximum    every image by the largest value of the crops of all requested scenes; it
                   depends on `--scenes`, and reading one scene reads all of them
    calib          each band by the camera's sensitivity, then as image-maximum
    none           not at all: values must lie in [0, 1]

Of the mask `lbl` (0 = masked out) only the shape is checked: masked pixels are used like others.
No hashes of the published files are known, so the form of a file is all that is checked.
"""

import filecmp
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from benchmark.data.archives.safety import REMEDY, ArchiveError
from benchmark.data.download import download
from benchmark.data.formats import matlab
from benchmark.data.formats.matlab import ContentError, VariableError
from benchmark.data.search import log, readable, stamp
from benchmark.dataset import DataSet, Scene, Source, register
from benchmark.errors import RequestError, counted, listed
from benchmark.plugins.parameters import parameter
from datasets._layouts.harvard import SUBSETS, find, missing_scenes, unpack
from datasets._remedies import fetch_again, get_missing

BANDS = 31
CROP = 1024
ROUNDING = -1e-6
# calib.txt of both archives: the camera's sensitivity, 420 to 720 nm.
CALIB = (
    7.5822230e-02, 1.1085362e-01, 1.5499444e-01, 1.9669126e-01, 2.5034297e-01, 2.7651581e-01,
    3.1691581e-01, 3.7851196e-01, 4.2183340e-01, 4.5967713e-01, 5.1717121e-01, 5.5704796e-01,
    5.8606052e-01, 6.6835907e-01, 6.7580378e-01, 6.8838983e-01, 7.0713197e-01, 7.6301691e-01,
    7.7116192e-01, 7.7402294e-01, 8.0076054e-01, 8.2445726e-01, 9.2331913e-01, 9.2700961e-01,
    9.2251713e-01, 9.1098958e-01, 9.0504569e-01, 9.0276792e-01, 1.0000000e+00, 9.5739246e-01,
    8.7174851e-01,
)  # fmt: skip
SCALINGS = {
    "image-maximum": "each image divided by its own maximum",
    "set-maximum": "all images divided by the maximum over the scenes of the request",
    "calib": "each band divided by the camera's sensitivity, then each image by its own maximum",
    "none": "values as published",
}


class _HarvardSource(Source):
    def __init__(self, root: Path, files: dict[str, list[Path]], scaling: str) -> None:
        self.root, self.files, self.scaling = root, files, scaling
        self.stamp = stamp((file for several in files.values() for file in several), root)

    def _file(self, scene: str) -> Path:
        """Return the file of a scene; which of two that differ was published cannot be known.

        Raises:
            RequestError: two files of the scene differ.
        """
        first, *others = self.files[scene]
        for other in others:
            with readable(other):
                same = filecmp.cmp(first, other, shallow=False)
            if not same:
                raise RequestError(
                    f"harvard: expected one file of {scene}, found two that differ: {first} and "
                    f"{other}; move one of them away"
                )
        return first

    def read(self, scene: str) -> Scene:
        """Read one scene as float32; its peak depends on the scaling."""
        file = self._file(scene)
        cube = _read(file, self.root)
        if self.scaling == "calib":
            cube /= np.asarray(CALIB, np.float32)
        largest = float(cube.max())
        if self.scaling == "none":
            if largest > 1:
                raise RequestError(
                    f"harvard[scaling=none]: expected values in [0, 1], found {largest:.6g} in "
                    f"{file}; choose another scaling, such as harvard[scaling=image-maximum]"
                )
            peak = 1.0
        else:
            peak = self._largest if self.scaling == "set-maximum" else largest
            if peak == 0:
                raise RequestError(
                    f"{file} contains only zeros; {fetch_again('harvard', self.root)}"
                )
        wavelengths = tuple(float(420 + 10 * index) for index in range(BANDS))
        return Scene(scene, cube, wavelengths, peak)

    @functools.cached_property
    def _largest(self) -> float:
        return max(float(_read(self._file(scene), self.root).max()) for scene in self.files)


def _read(file: Path, root: Path) -> np.ndarray:
    """Read and check one file: (rows, columns, 31) float32, cropped, not negative."""
    try:
        part, shape = slice(CROP), (0, 0, BANDS)
        read = matlab.read(file, "ref", shape=shape, rows=part, columns=part, mask="lbl")
        cube = np.array(read.values, np.float32, order="C")
        _check(cube)
    except VariableError as error:  # not damaged: a download of gigabytes is not the first advice
        raise RequestError(
            f"{file} cannot be used: {error}; save it as published, with the image as 'ref', or "
            f"replace it by the published file of {Harvard.home}"
        ) from error
    except ContentError as error:
        raise RequestError(
            f"{file} cannot be used: {error}; {fetch_again('harvard', root)}"
        ) from error
    except (OSError, MemoryError) as error:  # the file itself may be good
        reason = getattr(error, "strerror", None) or f"not enough memory {error}"
        raise RequestError(
            f"cannot read {file}: {reason}; make it readable, or free memory"
        ) from error
    np.maximum(cube, 0, out=cube)
    return cube


def _check(cube: np.ndarray) -> None:
    finite = np.isfinite(cube)
    if not finite.all():
        count = finite.size - np.count_nonzero(finite)
        raise ContentError(f"expected finite values, found {counted(count, 'value')} not finite")
    if cube.min() < ROUNDING:
        raise ContentError(f"expected no negative values, found {cube.min():.3g}")


@register(
    "harvard",
    bibtex="""
    @inproceedings{chakrabarti2011harvard,
      author = {Chakrabarti, Ayan and Zickler, Todd},
      title = {Statistics of Real-World Hyperspectral Images}, pages = {193--200}, year = {2011},
      booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
      doi = {10.1109/CVPR.2011.5995660}
    }
    """,
)
class Harvard(DataSet):
    """Harvard's two subsets as one set, as the paper uses them."""

    scaling: str = parameter(
        default="image-maximum",
        help="what the values are divided by",
        choices=tuple(SCALINGS),
    )

    title: ClassVar[str] = "Harvard"
    home: ClassVar[str] = "http://vision.seas.harvard.edu/hyperspec/"
    url: ClassVar[str] = "http://vision.seas.harvard.edu/hyperspec/d2x5g3/{subset}.tgz"

    @property
    def remark(self) -> str:
        """The scaling of the values, and what is unverified."""
        return (
            f"Harvard scaling {self.scaling}: {SCALINGS[self.scaling]}. Harvard's published "
            "Bicubic row has not been checked: no Harvard images were available. Its files are "
            "checked by their form alone."
        )

    @property
    def scenes(self) -> tuple[str, ...]:
        """Every scene's name: daylight first, then artificial and mixed light."""
        return tuple(name for names in SUBSETS.values() for name in names)

    @property
    def test(self) -> tuple[str, ...]:
        """The paper's ten test scenes."""
        images = ("img1", "img2", "img3", "img4", "img5", "img6")
        return (*images, "imga1", "imga2", "imga3", "imga4")

    @property
    def validation(self) -> tuple[str, ...]:
        """Two of the daylight training scenes."""
        return ("imgb1", "imgc4")

    def open(self, root: Path, scenes: Sequence[str]) -> Source:
        """Find the scenes' files, after unpacking the published archives where needed.

        Raises:
            RequestError: scenes are missing, an archive is damaged or unsafe, or the disk is full.
        """
        files = find(root, scenes)
        if files.archives:
            for archive in files.archives:
                unpack(archive)
            files = find(root, scenes)
        missing = [scene for scene in scenes if scene not in files.of]
        if missing:
            needed = " and ".join(f"{subset}.tgz" for subset in missing_scenes(files.of, scenes))
            folders = "harvard/, CZ_hsdb/ and CZ_hsdbi/"
            raise RequestError(
                f"harvard: expected {counted(len(scenes), 'file')} <scene>.mat, {len(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} missing: {listed(missing, 77)}. "
                + get_missing(self, root, folders, needed or "the archives", files.found)
            )
        return _HarvardSource(root, {scene: files.of[scene] for scene in scenes}, self.scaling)

    def unpublished(self, root: Path, scenes: Sequence[str]) -> Sequence[str]:
        """Return that the files cannot be compared with the published ones."""
        return ["its files are checked by their form alone: no hashes of published ones are known"]

    def fetch(self, root: Path) -> Path:
        """Download and unpack the missing ones of the two archives (5.3 and 2.2 GB).

        An existing archive, such as one left by an interrupted fetch, is unpacked and kept; a
        damaged one is downloaded again.

        Raises:
            RequestError: a download failed, or an archive is damaged.
        """
        folder = root / "harvard"
        for archive in find(root, self.scenes).archives:
            try:
                unpack(archive)
            except ArchiveError as error:
                log(f"harvard: an archive is damaged and is downloaded again: {error}")
        missing = missing_scenes(find(root, self.scenes).of, self.scenes)
        for subset, names in missing.items():
            place = folder / subset
            if place.exists():
                raise RequestError(f"{place} exists but lacks {listed(names)}; move it away")
            archive = download([self.url.format(subset=subset)], folder / f"{subset}.tgz")
            try:
                unpack(archive)
            except ArchiveError as error:  # of no published hash: unpacking is the only check
                archive.unlink(missing_ok=True)
                raise RequestError(
                    f"harvard: {str(error).removesuffix(REMEDY)}it was just downloaded and is "
                    "deleted; run the same command again"
                ) from error
            archive.unlink(missing_ok=True)  # another fetch may have unpacked it too
        self.open(root, self.scenes)
        log(f"harvard: all {len(self.scenes)} scenes are there, below {root}")
        return folder if folder.is_dir() else root
