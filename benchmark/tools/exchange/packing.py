"""Write cells into one zip: valid ones only, and without the names of this machine's folders."""

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.errors import RequestError, listed, redact_paths
from benchmark.store import cells
from benchmark.store.address import place_name
from benchmark.store.cells import WEIGHTS, Cell
from benchmark.store.files import locked, replacing

# Called with the number of cells done, how many there are, and the current one.
ProgressCallback = Callable[[int, int, str], None]


@dataclass
class Exported:
    """Result of an export.

    Attributes:
        file: the zip.
        cells: paths of the cells in it.
        left_out: why each of the other cells is not in it.
    """

    file: Path
    cells: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """The result in one line."""
        size = self.file.stat().st_size / 1e6
        left = f", {len(self.left_out)} left out" if self.left_out else ""
        return f"{len(self.cells)} cells in {self.file} ({size:.1f} MB){left}"


def no_progress(_done: int, _total: int, _cell: str) -> None:
    """Report nothing."""


def export(
    results: Path,
    file: Path,
    datasets: Sequence[str] = (),
    *,
    weights: bool = False,
    on_progress: ProgressCallback = no_progress,
) -> Exported:
    """Pack cells into a zip, which appears whole or not at all.

    The messages of failed cells are packed without the names of this machine's folders, with new
    checksums; every other file is packed as it is.

    Args:
        results: the results folder.
        file: the zip; an existing one is replaced.
        datasets: labels of data sets; all where empty.
        weights: whether to pack the trained weights too.
        on_progress: called before each cell, and at the end.

    Raises:
        RequestError: there is nothing to pack, or the file cannot be written.
    """
    if file.suffix.lower() != ".zip":
        raise RequestError(f"cannot export to {file}: expected a name that ends in .zip")
    places = _places(results, datasets)
    exported = Exported(file)
    try:
        with (
            locked(file.with_name(f".{file.name}.lock")),
            replacing(file) as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for number, place in enumerate(places):
                on_progress(number, len(places), place)
                _pack(archive, results, place, exported, weights=weights)
            if not exported.cells:
                raise RequestError(f"no valid cell to export: {exported.left_out[0]}")
    except OSError as error:
        raise RequestError(
            f"cannot write {file}: {error.strerror or error}; free space there or choose another "
            "place"
        ) from error
    on_progress(len(places), len(places), "")
    return exported


def _places(results: Path, datasets: Sequence[str]) -> list[str]:
    """List the paths of the cells of these data sets, below the results folder."""
    places = [folder.relative_to(results).as_posix() for folder in cells.folders_of(results)]
    if not places:
        raise RequestError(f"no results in {results}; make them with: python run_all.py")
    present = list(dict.fromkeys(place.partition("/")[0] for place in places))
    tops = {place_name(label): label for label in datasets} or dict.fromkeys(present, "")
    if unknown := [label for top, label in tops.items() if top not in present]:
        raise RequestError(
            f"no results of data set '{listed(unknown)}' in {results}; there are some of "
            f"{listed(present)}"
        )
    return [place for place in places if place.partition("/")[0] in tops]


def _pack(
    archive: zipfile.ZipFile, results: Path, place: str, exported: Exported, *, weights: bool
) -> None:
    folder = results / place
    cell = cells.read(folder)
    if cell is None:
        exported.left_out.append(cells.damage(folder) or f"{folder} does not exist any more")
        return
    try:
        files = _files(cell, weights=weights)
    except (OSError, ValueError):
        exported.left_out.append(f"{folder} changed while it was read; export again")
        return
    for name, content in files.items():
        archive.writestr(f"{place}/{name}", content)
    exported.cells.append(place)


def _files(cell: Cell, *, weights: bool) -> dict[str, bytes]:
    """Read a cell's files as they are packed.

    Raises:
        OSError: one does not exist any more.
        ValueError: one has changed since the cell was read.
    """
    files = {"cell.json": (cell.folder / "cell.json").read_bytes()}
    for name, digest in cell.facts["sums"].items():
        if name != WEIGHTS or (weights and (cell.folder / name).exists()):
            files[name] = (cell.folder / name).read_bytes()
            if _sha256(files[name]) != digest:
                raise ValueError(name)
    if cell.status == "done":
        return files
    redacted = {
        name: redact_paths(content.decode(errors="replace")).encode()
        for name, content in files.items()
        if name not in ("cell.json", WEIGHTS)
    }
    facts = {**cell.facts, "reason": redact_paths(str(cell.facts["reason"]))}
    facts["sums"] = {
        **facts["sums"], **{name: _sha256(content) for name, content in redacted.items()}
    }  # fmt: skip
    return {**files, **redacted, "cell.json": cells.encode(facts)}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
