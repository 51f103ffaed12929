"""Anybody's own images: one file each in a folder, without writing a data set.

    python run_all.py --dataset "folder[path=DIR,test=a+b]"

A scene has the name of its file without the ending. MATLAB (v5 and v7.3), HDF5, NumPy, TIFF and
ENVI files are read (`benchmark.data.formats.images`), also mixed.

- Values are divided by the stated `peak`; without one, by the largest value of all images that are
  used, so that images of one camera keep their relative brightness. Every table says which.
- Small negative values, down to 5 % of the largest value, become 0, and tables say so; larger
  ones, and values that are not finite, are refused.
- The bands are where the file says, else on the axis with as many entries as there are
  wavelengths, else last (in TIFF files with a page for each band, first); `axis` states it.
- Wavelengths are those stated, else the file's own, else unknown.
"""

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.data.formats import envi
from benchmark.data.formats.images import (
    AUTO,
    BAND_AXES,
    ENDINGS,
    files_of,
    read,
    without_noise,
)
from benchmark.data.formats.wavelengths import parse
from benchmark.data.search import is_data, readable, stamp
from benchmark.dataset import DataSet, Scene, Source, register
from benchmark.errors import RequestError, listed, meant
from benchmark.plugins.parameters import Names, parameter

_MOST = 20  # names in a message


@register("folder")
class Folder(DataSet):
    """The images in a folder."""

    title = "Own images"
    required = "path=DIR,test=a+b"

    path: str = parameter(default="", help="the folder; a relative one from where you are")
    test: Names = parameter(default=Names(), help="names of the test images")
    validation: Names = parameter(default=Names(), help="names of images for validation")
    variable: str = parameter(
        default="", help="name of the image in .mat, .npz and HDF5 files with several"
    )
    peak: float = parameter(
        default=0.0, help="value that means 1; 0 for the largest of all images", low=0
    )
    wavelengths: str = parameter(
        default="",
        help="first:step:last such as 400:10:700, numbers joined by +, or a text file's name",
    )
    axis: str = parameter(
        default=AUTO, help="axis of the bands in the files", choices=(AUTO, *BAND_AXES)
    )

    @property
    def remark(self) -> str:
        """What is stated about the values; what is read is the remark of each scene."""
        stated = [f"values divided by {self.peak:g}"] if self.peak else []
        if self.wavelengths:
            stated.append(f"wavelengths {self.wavelengths}")
        return f"Own images, as stated: {', '.join(stated)}." if stated else ""

    @property
    def scenes(self) -> tuple[str, ...]:
        """Names of the files without their endings, in alphabetical order.

        Raises:
            RequestError: no folder is named, it has no images, or a test image is not there.
        """
        self._check_there([*self.test, *self.validation])
        return tuple(self._files)

    def _check_there(self, names: Sequence[str]) -> None:
        if missing := [name for name in names if name not in self._files]:
            raise RequestError(
                f"folder: no image is called {listed(missing)}, searched {self._folder}; "
                f"{meant(missing[0], self._files)}there are {listed(self._files, _MOST)}"
                f"{self._joined(names)}"
            )

    def _joined(self, names: Sequence[str]) -> str:
        """Return what to do about an image whose own name has the sign that joins names."""
        found = [one for one in self._files if "+" in one and set(Names(one)) <= set(names)]
        return f"; + joins names: rename the file of {listed(found)}" if found else ""

    @functools.cached_property
    def _folder(self) -> Path:
        if not self.path:
            raise RequestError(
                "folder: expected the folder of the images and the names of those to test on, "
                f"found none; write --dataset 'folder[{self.required}]'"
            )
        folder = Path(self.path).expanduser()
        if not folder.is_dir():
            raise RequestError(
                f"folder: expected a folder with images, found none at {folder.absolute()}; "
                "correct path="
            )
        return folder

    @functools.cached_property
    def _files(self) -> dict[str, Path]:
        with readable(self._folder):
            files = sorted(file for file in self._folder.iterdir() if is_data(file.name))
        found: dict[str, Path] = {}
        for file in files:
            if file.suffix.lower() not in ENDINGS or not file.is_file():
                continue
            other = found.setdefault(_name(file), file)
            if other != file:
                raise RequestError(
                    f"folder: expected one file of each image, found {other} and {file}; move one "
                    "of them away"
                )
        if not found:
            raise RequestError(
                f"folder: expected images ({', '.join(ENDINGS)}) in {self._folder}, found "
                f"{listed(file.name for file in files) or 'nothing'}; correct path="
            )
        return found

    def open(self, root: Path, scenes: Sequence[str]) -> Source:
        """Find the files of these scenes; `root` is not used.

        Raises:
            RequestError: a scene has no file, or the wavelengths cannot be read.
        """
        self._check_there(scenes)
        return _FolderSource(self, {scene: self._files[scene] for scene in scenes}, self._folder)


def _name(file: Path) -> str:
    """Return a file's name without its ending; ENVI's headers may have two, as `a.img.hdr`."""
    values = files_of(file)[-1]
    two = values.name == file.stem and values.suffix.lower() in envi.ENDINGS
    return values.stem if two else file.stem


class _FolderSource(Source):
    def __init__(self, settings: Folder, files: dict[str, Path], folder: Path) -> None:
        self._settings, self._files = settings, files
        self._wavelengths = parse(settings.wavelengths, folder)
        read = [one for file in files.values() for one in files_of(file)]
        self.stamp = f"{stamp(read, folder)} {self._wavelengths}"

    def read(self, scene: str) -> Scene:
        """Read one image."""
        cube, wavelengths, negative = self._image(scene)
        peak = self._settings.peak or self._largest
        remarks = [] if self._settings.peak else [f"divided by {peak:g}, the largest value used"]
        if negative:
            remarks.append("negative values set to 0")
        return Scene(scene, cube, wavelengths, peak, ", ".join(remarks))

    def remedy(self, scene: str) -> str:
        """Return what to do about an image that cannot be used: what is stated may be wrong too."""
        stated = [f"{name}=" for name in ("peak", "wavelengths", "axis")
                  if getattr(self._settings, name) not in (0, "", AUTO)]  # fmt: skip
        wrong = " or ".join([*stated, str(self._files[scene])])
        return f"correct {wrong}, or leave it out with --scenes"

    @functools.cached_property
    def _largest(self) -> float:
        """The largest finite value of all images."""
        largest = max(
            float(np.max(cube, where=np.isfinite(cube), initial=0))
            for cube in (self._image(scene)[0] for scene in self._files)
        )
        if largest == 0:
            raise RequestError(
                f"folder: expected positive values, found none in {listed(self._files.values())}"
            )
        return largest

    def _image(self, scene: str) -> tuple[np.ndarray, tuple[float, ...], bool]:
        """Read an image: its values, its wavelengths, and whether negative ones were set to 0."""
        settings = self._settings
        try:
            image = read(self._files[scene], settings.variable, settings.axis, self._wavelengths)
        except RequestError as error:
            raise RequestError(
                f"folder: {error}; correct it, or leave it out with --scenes"
            ) from error
        cube, negative = without_noise(image.cube, settings.peak)
        return cube, image.wavelengths, negative
