"""Cells packed into one zip: verified, in a fixed order, and without this machine's folders."""

import hashlib
import json
import os
import re
import stat
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.errors import RequestError, listed
from benchmark.store import cells as store
from benchmark.store.address import key_of, place_name
from benchmark.store.cells import WEIGHTS, Cell, folders_of
from benchmark.store.files import flush_folder, locked

# Cells done, of how many, and the one at hand.
Told = Callable[[int, int, str], None]

# The earliest that a zip knows: the same cells make the same bytes on any day.
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_ROOT = r"(?<![\w.:/\\-])(?:~|[A-Za-z]:)?[/\\]"
# From the root, a home or a drive, down to the last name's beginning; between quotes with spaces.
_QUOTED = re.compile(rf"""(?<=["']){_ROOT}(?:[^"'\n/\\]+[/\\]+)*""")
_BARE = re.compile(rf"""{_ROOT}(?:[^\s"',:;()\[\]/\\]+[/\\]+)*(?=[^\s/\\])""")


@dataclass
class Exported:
    """What an export came to.

    Attributes:
        file: the zip.
        cells: paths of the cells in it.
        left_out: of each cell that is not, why.
    """

    file: Path
    cells: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """Say it in one line."""
        size = self.file.stat().st_size / 1e6
        left = f", {len(self.left_out)} left out" if self.left_out else ""
        return f"{len(self.cells)} cells in {self.file} ({size:.1f} MB){left}"


def silent(_done: int, _total: int, _cell: str) -> None:
    """Tell nobody."""


def export(
    results: Path,
    file: Path,
    datasets: Sequence[str] = (),
    *,
    weights: bool = False,
    told: Told = silent,
) -> Exported:
    """Pack cells into a zip, which is there whole or not at all.

    The same cells give the same bytes. What a failed cell says of where it failed is packed
    without this machine's folders, and sealed again; every other file is packed as it is.

    Args:
        results: the results folder.
        file: the zip; one that is there is replaced.
        datasets: labels of data sets; all where empty.
        weights: True packs the trained weights too.
        told: is told of every cell.

    Raises:
        RequestError: there is nothing to pack, or the file cannot be written.
    """
    if file.suffix.lower() != ".zip":
        raise RequestError(f"cannot export to {file}: expected a name that ends in .zip")
    folders = _chosen(results, datasets)
    made = Exported(file)
    # One name for all times: what a killed export leaves, the next one writes over.
    temporary = file.with_name(f".{file.name}.part")
    try:
        with locked(file.with_name(f".{file.name}.lock")):
            try:
                with temporary.open("wb") as stream:
                    with zipfile.ZipFile(stream, "w") as archive:
                        for number, folder in enumerate(folders):
                            told(number, len(folders), _place(results, folder))
                            _pack(archive, results, folder, made, weights=weights)
                    stream.flush()
                    os.fsync(stream.fileno())
                if not made.cells:
                    raise RequestError(f"no whole cell to export: {made.left_out[0]}")
                temporary.replace(file)
                flush_folder(file.parent)
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise RequestError(
            f"cannot write {file}: {error.strerror or error}; free space there or choose another "
            "place"
        ) from error
    told(len(folders), len(folders), "")
    return made


def _place(results: Path, folder: Path) -> str:
    return folder.relative_to(results).as_posix()


def _chosen(results: Path, datasets: Sequence[str]) -> list[Path]:
    """List the folders of the data sets' cells, in the order of their names in the zip."""
    found = sorted(folders_of(results), key=lambda folder: f"{_place(results, folder)}/")
    if not found:
        raise RequestError(f"no results in {results}; make them with: python run_all.py")
    by_dataset: dict[str, list[Path]] = {}
    for folder in found:
        by_dataset.setdefault(folder.relative_to(results).parts[0], []).append(folder)
    tops = {place_name(label): label for label in datasets}
    if unknown := [label for top, label in tops.items() if top not in by_dataset]:
        raise RequestError(
            f"no results of data set '{listed(unknown)}' in {results}; there are some of "
            f"{listed(by_dataset)}"
        )
    return [folder for top in by_dataset if top in tops or not tops for folder in by_dataset[top]]


def _pack(
    archive: zipfile.ZipFile, results: Path, folder: Path, made: Exported, *, weights: bool
) -> None:
    place = _place(results, folder)
    cell = store.read(folder)
    if cell is None:
        made.left_out.append(store.damage(folder) or f"{folder} is there no more")
        return
    try:
        contents = _contents(cell, weights=weights)
    except (OSError, ValueError):
        made.left_out.append(f"{folder} changed while it was read; export again")
        return
    for name, content in sorted(contents.items()):
        member = zipfile.ZipInfo(f"{place}/{name}", _LONG_AGO)
        member.create_system = 3  # the same on Windows
        member.external_attr = (stat.S_IFREG | 0o644) << 16
        # Trained weights hardly shrink.
        member.compress_type = zipfile.ZIP_STORED if name == WEIGHTS else zipfile.ZIP_DEFLATED
        archive.writestr(member, content)
    made.cells.append(place)


def _contents(cell: Cell, *, weights: bool) -> dict[str, bytes]:
    """Read a cell's files once more, and see that they are still the cell's.

    Raises:
        OSError: one is there no more.
        ValueError: one is another by now.
    """
    contents = {"cell.json": (cell.folder / "cell.json").read_bytes()}
    if {**json.loads(contents["cell.json"]), "seal": None} != {**cell.facts, "seal": None}:
        raise ValueError("cell.json")
    for name, digest in cell.facts["sums"].items():
        if name == WEIGHTS and not (weights and (cell.folder / name).exists()):
            continue
        contents[name] = (cell.folder / name).read_bytes()
        if hashlib.sha256(contents[name]).hexdigest() != digest:
            raise ValueError(name)
    return _without_folders(cell, contents) if cell.status == "failed" else contents


def _without_folders(cell: Cell, contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """Take this machine's folders out of what a failed cell says, and seal it again."""
    cleaned = {
        name: strip_folders(content.decode(errors="replace")).encode()
        for name, content in contents.items()
        if name not in ("cell.json", WEIGHTS)
    }
    facts: dict[str, Any] = {**cell.facts, "reason": strip_folders(str(cell.facts.get("reason")))}
    facts["sums"] = {
        **facts["sums"],
        **{name: hashlib.sha256(content).hexdigest() for name, content in cleaned.items()},
    }
    facts["seal"] = key_of(facts)
    text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return {**contents, **cleaned, "cell.json": text.encode(errors="backslashreplace")}


def strip_folders(text: str) -> str:
    """Leave only the last name of every absolute path in a text."""
    return _BARE.sub("", _QUOTED.sub("", text))
