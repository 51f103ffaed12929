"""Pack a method for others: its cells with weights, its code, and who submits it."""

import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmark.data.cache import ProgressCallback, no_progress
from benchmark.errors import RequestError, counted, listed, meant
from benchmark.method import METHODS, Method
from benchmark.store import cells
from benchmark.store.address import place_name
from benchmark.store.cells import WEIGHTS, Cell, sums
from benchmark.store.files import locked, replacing, writing
from benchmark.tools.exchange.form import FORM, Form
from benchmark.tools.exchange.packing import files_of_cell
from benchmark.tools.exchange.submissions.code import Code, collect, foreign
from benchmark.tools.exchange.submissions.reading import (
    FORMAT,
    KIND,
    Submission,
    lacking,
    opened,
)
from benchmark.tools.exchange.submitted import CELLS, MANIFEST

# Given the packed submission, the reason why each cell cannot be planned again from it.
Planner = Callable[[Submission], Mapping[str, str]]


@dataclass
class Packed:
    """What was packed, or why nothing was.

    Attributes:
        file: the zip; it is not written if a cell is refused.
        cells: paths of the cells below a results folder.
        refused: why a cell cannot be submitted, by its path.
        code: the code files that are not the suite's own.
        weights: bytes of all weights.
    """

    file: Path
    cells: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    code: list[str] = field(default_factory=list)
    weights: int = 0

    def lines(self) -> list[str]:
        """Describe the submission, a line for each part."""
        code = listed(one.rpartition("/")[2] for one in self.code) or "this suite's own"
        return [
            f"cells      {counted(len(self.cells), 'cell')}: done, current, with their weights",
            f"weights    {self.weights / 1e6:.2f} MB, finite",
            f"code       {code}; from it alone the cells have the same keys",
            f"written    {self.file} ({self.file.stat().st_size / 1e6:.2f} MB)",
        ]


def chosen(
    results: Path, methods: Sequence[Method], wanted: Mapping[str, Sequence[Any]]
) -> list[Path]:
    """List the folders of the cells of some methods, last those that are damaged.

    Args:
        results: the results folder.
        methods: the methods, with their parameters.
        wanted: further values by the parts of an address, such as `scale`; any where empty.

    Raises:
        RequestError: there are no cells of a method, or of a value.
    """
    labels = [METHODS.label(method) for method in methods]
    found, damaged = {}, []
    for folder in cells.folders_of(results):
        if (cell := cells.read(folder)) is not None:
            found[folder] = cell.address
        elif _is_at(folder.relative_to(results).parts, {"method": labels, **wanted}):
            damaged.append(folder)
    stored = dict.fromkeys(address.method for address in found.values())
    for label in labels:
        if label not in stored:
            raise RequestError(
                f"no results of method '{label}' in {results}; {meant(label, stored)}"
                f"there are some of {listed(stored, 30) or 'none'}; run it first"
            )
    found = {folder: at for folder, at in found.items() if at.method in labels}
    for part, values in wanted.items():
        present = dict.fromkeys(getattr(address, part) for address in found.values())
        for value in values:
            if value not in present:
                raise RequestError(
                    f"no results of {part} '{value}' of {listed(labels)} in {results}; there are "
                    f"some of {listed(present)}"
                )
        found = {folder: at for folder, at in found.items() if not values or _in(at, part, values)}
    return [*sorted(found, key=lambda folder: found[folder]), *damaged]


def _is_at(parts: Sequence[str], wanted: Mapping[str, Sequence[Any]]) -> bool:
    """Return whether a folder is in the place of a cell that is wanted, whatever is in it."""
    names = dict(
        zip(("dataset", "protocol", "profile", "scale", "method", "seed"), parts, strict=True)
    )
    before = {"scale": "x", "seed": "seed"}
    return all(
        not values or names[part] in {place_name(f"{before.get(part, '')}{one}") for one in values}
        for part, values in wanted.items()
    )


def _in(address: Any, part: str, values: Iterable[Any]) -> bool:
    return getattr(address, part) in values


def submit(
    results: Path,
    folders: Sequence[Path],
    methods: Sequence[Method],
    form: Form,
    file: Path,
    plan: Planner,
    on_progress: ProgressCallback = no_progress,
) -> Packed:
    """Check and pack cells; the zip is written atomically, and only if every check passes.

    Args:
        results: the results folder.
        folders: the folders of the cells in it.
        methods: their methods, whose code is packed.
        form: who submits what; complete.
        file: the zip; an existing one is replaced.
        plan: plans the cells again from the packed code, in a process of its own.
        on_progress: called before each cell, and at the end.

    Raises:
        RequestError: the file cannot be written, or the code cannot be packed.
    """
    form.require_complete()
    packed = Packed(file)
    code = collect(methods)
    packed.code = foreign(code)
    good: list[tuple[str, Cell]] = []
    for number, folder in enumerate(folders):
        place = folder.relative_to(results).as_posix()
        on_progress("submit", number, len(folders), place)
        cell = cells.read(folder)
        why = cells.damage(folder) if cell is None else lacking(cell)
        if why or cell is None:
            packed.refused[place] = why or "it no longer exists"
            continue
        good.append((place, cell))
    on_progress("submit", len(folders), len(folders), "")
    if packed.refused:
        return packed
    with (
        writing(file, ""),
        locked(file.with_name(f".{file.name}.lock")),
        suppress(_RefusedError),
        replacing(file) as part,
    ):
        _write(part, good, code, form, packed)
        # As the receiver will see it: of this machine nothing is used but suite and data.
        with opened(part) as submission:
            packed.refused |= plan(submission)
        if packed.refused:
            raise _RefusedError
    return packed


class _RefusedError(Exception):
    """A cell is refused, and the file is not to be replaced."""


def _write(
    part: Path, good: Sequence[tuple[str, Cell]], code: Code, form: Form, packed: Packed
) -> None:
    content = {FORM: form.encode(), **code.files}
    manifest = {
        "kind": KIND,
        "format": FORMAT,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "methods": sorted({cell.address.method for _, cell in good}),
        "code": {"plugins": code.plugins, "modules": code.modules},
        "files": sums(content),
    }
    content[MANIFEST] = f"{json.dumps(manifest, indent=2)}\n".encode()
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, one in content.items():
            archive.writestr(name, one)
        for place, cell in good:
            for name, one in files_of_cell(cell, weights=True).items():
                archive.writestr(f"{CELLS}/{place}/{name}", one)
                packed.weights += len(one) * (name == WEIGHTS)
            packed.cells.append(place)
