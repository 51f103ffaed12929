"""Export valid cells to a zip, without paths of this machine."""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.commands import no_results
from benchmark.data.cache import ProgressCallback, no_progress
from benchmark.errors import RequestError, counted, listed, meant, redact_paths
from benchmark.store import cells
from benchmark.store.address import label_of, place_name
from benchmark.store.cells import WEIGHTS, Cell
from benchmark.store.files import locked, replacing, writing

# Levels of a cell's path at which data set, protocol, profile and method stand.
_LEVELS = (0, 1, 2, 4)


@dataclass
class Exported:
    """Result of an export.

    Attributes:
        file: the zip.
        cells: paths of the cells in it.
        left_out: the reason for each cell that is not in it.
        weights: bytes of weights by the label of the method.
    """

    file: Path
    cells: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The result in one line."""
        size = self.file.stat().st_size / 1e6
        left = f", {len(self.left_out)} left out" if self.left_out else ""
        text = f"{counted(len(self.cells), 'cell')} in {self.file} ({size:.1f} MB){left}"
        if self.weights:
            total = sum(self.weights.values())
            each = (f"{name} {size / 1e6:.2f}" for name, size in sorted(self.weights.items()))
            text += f"; weights in MB: {listed(each, 40)}, all {total / 1e6:.2f}"
        return text


def export(
    results: Path,
    file: Path,
    datasets: Sequence[str] = (),
    *,
    protocols: Sequence[str] = (),
    profiles: Sequence[str] = (),
    methods: Sequence[str] = (),
    weights: bool = False,
    on_progress: ProgressCallback = no_progress,
) -> Exported:
    """Export cells to a zip, which is written atomically.

    Paths of this machine are removed from the messages of failed cells, whose checksums are
    updated; every other file is packed unchanged.

    Args:
        results: the results folder.
        file: the zip; an existing one is replaced.
        datasets: labels of data sets, or names of their folders; all where empty, as below.
        protocols: labels of protocols.
        profiles: names of profiles.
        methods: labels of methods, with their parameters.
        weights: whether to include the trained weights.
        on_progress: called before each cell, and at the end.

    Raises:
        RequestError: there is nothing to export, or the file cannot be written.
    """
    if file.suffix.lower() != ".zip":
        raise RequestError(f"cannot export to {file}: expected a name that ends in .zip")
    places = _places(
        results,
        {"data set": datasets, "protocol": protocols, "profile": profiles, "method": methods},
    )
    exported = Exported(file)
    with (
        writing(file, ""),
        locked(file.with_name(f".{file.name}.lock")),
        replacing(file) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for number, place in enumerate(places):
            on_progress("export", number, len(places), place)
            _pack(archive, results, place, exported, weights=weights)
        if not exported.cells:
            raise RequestError(f"no valid cell to export: {exported.left_out[0]}")
    on_progress("export", len(places), len(places), "")
    return exported


def _places(results: Path, wanted: Mapping[str, Sequence[str]]) -> list[str]:
    """List the paths of the chosen cells, below the results folder.

    Args:
        results: the results folder.
        wanted: labels by the parts of an address; any where empty.
    """
    places = [folder.relative_to(results).as_posix() for folder in cells.folders_of(results)]
    if not places:
        raise RequestError(no_results(results))
    for (part, labels), level in zip(wanted.items(), _LEVELS, strict=True):
        present = list(dict.fromkeys(place.split("/")[level] for place in places))
        names = {label if label in present else place_name(label): label for label in labels}
        if unknown := [label for name, label in names.items() if name not in present]:
            known = list(map(label_of, present))
            raise RequestError(
                f"no results of {part} '{listed(unknown)}' in {results}; "
                f"{meant(unknown[0], known)}found {listed(known)}"
            )
        places = [place for place in places if not names or place.split("/")[level] in names]
    return places


def _pack(
    archive: zipfile.ZipFile, results: Path, place: str, exported: Exported, *, weights: bool
) -> None:
    folder = results / place
    cell = cells.read(folder)
    if cell is None:
        exported.left_out.append(cells.damage(folder) or f"{folder} no longer exists")
        return
    try:
        files = files_of_cell(cell, weights=weights)
    except (OSError, ValueError):
        exported.left_out.append(f"{folder} changed while it was read; export again")
        return
    for name, content in files.items():
        archive.writestr(f"{place}/{name}", content)
    if WEIGHTS in files:
        label = cell.address.method
        exported.weights[label] = exported.weights.get(label, 0) + len(files[WEIGHTS])
    exported.cells.append(place)


def files_of_cell(cell: Cell, *, weights: bool) -> dict[str, bytes]:
    """Read the files of a cell for the zip.

    Raises:
        OSError: one no longer exists.
        ValueError: one has changed since the cell was read.
    """
    files = {"cell.json": (cell.folder / "cell.json").read_bytes()}
    for name, digest in cell.facts["sums"].items():
        if name != WEIGHTS or (weights and (cell.folder / name).exists()):
            content = cells.content_of(cell.folder / name, digest)
            if content is None:
                raise ValueError(name)
            files[name] = content
    if cell.status == "done":
        return files
    redacted = {
        name: redact_paths(content.decode(errors="replace")).encode()
        for name, content in files.items()
        if name not in ("cell.json", WEIGHTS)
    }
    facts = {**cell.facts, "reason": redact_paths(str(cell.facts["reason"]))}
    facts["sums"] = {**facts["sums"], **cells.sums(redacted)}
    return {**files, **redacted, "cell.json": cells.encode(facts)}
