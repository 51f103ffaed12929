"""The published MATLAB file of a remote-sensing data set: one image, of which a part is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.data.areas import AreaDataSet, AreaSource
from benchmark.data.formats import matlab
from benchmark.data.formats.matlab import ContentError
from benchmark.data.search import log, search, stamp
from benchmark.dataset import DataSet, Scene
from benchmark.errors import RequestError, counted, listed
from datasets._remedies import seen

NEGATIVES = "Negative values, if there are any, are set to 0."


@dataclass(frozen=True)
class Cube:
    """A published image.

    Attributes:
        names: the names that its file may have, compared without case; the first is the usual one.
            In the first of `folders`, a single .mat file may have any name.
        folders: the folders to search for it, compared without case.
        variable: its name in the file.
        shape: rows, columns and bands as published.
        rows: the rows to use, counted from 0; the areas of scenes count from the first of these.
        columns: the columns to use.
        peak: the value that means 1; 0 for the largest of the values used.
    """

    names: tuple[str, ...]
    folders: tuple[str, ...]
    variable: str
    shape: tuple[int, int, int]
    rows: range
    columns: range
    peak: float = 0.0

    def open(self, dataset: AreaDataSet, root: Path, scenes: Sequence[str]) -> AreaSource:
        """Find the file, and return the source of these scenes.

        Raises:
            RequestError: there is no such file, or several.
        """
        file = self.find(dataset, root)
        areas = {scene: dataset.areas[scene] for scene in scenes}
        return AreaSource(areas, stamp([file], root), lambda: self.read(dataset, file))

    def find(self, dataset: DataSet, root: Path) -> Path:
        """Find the file below a folder.

        Raises:
            RequestError: there is no such file, or several.
        """
        found = search(root, lambda name: name.lower() in self.folders)
        wanted = {name.lower() for name in self.names}
        named = [file for file in found.files if file.name.lower() in wanted]
        own = [file for file in found.files if self._is_own(file.relative_to(root))]
        files = named or (own if len(own) == 1 else [])
        if len(files) > 1:
            raise RequestError(
                f"{dataset.name}: expected one file {self.names[0]}, found {listed(files)}; move "
                "the others away"
            )
        if not files:
            where = root if root.is_dir() else f"{root}, which is not a folder,"
            raise RequestError(
                f"{dataset.name}: expected its file {' or '.join(self.names)}, or one .mat file of "
                f"another name in {self.folders[0]}/, found {len(own) or 'none'}. "
                f"Searched {where} and its {listed(f'{name}/' for name in self.folders)}; "
                f"{seen(root, found)}. Get it from {dataset.home} and put it into "
                f"{root / self.folders[0]}"
            )
        return files[0]

    def _is_own(self, place: Path) -> bool:
        """Return whether a path below the data folder is a MATLAB file in the first folder."""
        inside = len(place.parts) > 1 and place.parts[0].lower() == self.folders[0]
        return inside and place.suffix.lower() == ".mat"

    def read(self, dataset: DataSet, file: Path) -> Scene:
        """Read the part to use; negative values become 0.

        Raises:
            RequestError: the file cannot be read, or holds another image.
        """
        rows, columns = (slice(one.start, one.stop) for one in (self.rows, self.columns))
        try:
            stored = matlab.read(
                file, self.variable, shape=self.shape, rows=rows, columns=columns
            ).values
        except ContentError as error:
            raise RequestError(
                f"{file} cannot be used as {dataset.name}: {error}; get the published file from "
                f"{dataset.home}, or use another image as it is, with "
                f"--dataset 'folder[path={file.parent},test=...]'"
            ) from error
        except (OSError, MemoryError) as error:  # the file itself may be good
            reason = getattr(error, "strerror", None) or f"not enough memory {error}"
            raise RequestError(
                f"cannot read {file}: {reason}; make it readable, or free memory"
            ) from error
        if stored.dtype.kind != "u" and (negative := int((stored < 0).sum())):
            log(f"{dataset.name}: {counted(negative, 'negative value')} set to 0")
            np.maximum(stored, 0, out=stored)  # in place: it may have gigabytes
        peak = self.peak or float(stored.max())
        if not np.isfinite(peak) or peak <= 0:
            raise RequestError(
                f"{file} cannot be used as {dataset.name}: expected a finite positive maximum, "
                f"found {peak}; get the published file from {dataset.home}"
            )
        return Scene(dataset.name, stored, (), peak)
