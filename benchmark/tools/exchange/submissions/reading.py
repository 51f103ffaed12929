"""Open a submission that may come from anybody: check all of it, and run none of it.

submission.yaml     the form
manifest.json       format, version of the suite, methods, code, SHA-256 of form and code
code/               see `benchmark.tools.exchange.submissions.code`
cells/              cells at their places, as in a results folder, with their weights
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from benchmark.data.archives.zips import CheckedZip, open_zip
from benchmark.errors import RequestError, counted, plain
from benchmark.store.cells import WEIGHTS, Cell, sums
from benchmark.store.remedies import COMPUTE_AGAIN, GET_WEIGHTS
from benchmark.tools.exchange.form import FORM, Form
from benchmark.tools.exchange.merging import LIMITS, RefusedError, unpack_cell
from benchmark.tools.exchange.sorting import sort_files
from benchmark.tools.exchange.submissions.code import Code, code_of, foreign
from benchmark.tools.exchange.submitted import (
    CELLS,
    CODE,
    MANIFEST,
    below,
    form_in,
    small_file,
    top_of,
)

KIND, FORMAT = "HSI-SR Bench submission", 1
_MOST_CODE = 64 << 20  # bytes of all code


@dataclass(frozen=True)
class Submission:
    """A submission, unpacked to a temporary folder.

    Attributes:
        file: the zip.
        digest: its SHA-256.
        form: who submits what.
        manifest: `manifest.json`.
        code: the code files, as bytes; they are in `folder`, too.
        folder: where it is unpacked: `cells/` is a results folder.
        cells: its cells.
    """

    file: Path
    digest: str
    form: Form
    manifest: Mapping[str, Any]
    code: Code
    folder: Path
    cells: tuple[Cell, ...]

    def lines(self) -> list[str]:
        """Describe what is in it, in plain lines; nothing is believed yet but checksums."""
        weights = sum(len_of(cell.folder / WEIGHTS) for cell in self.cells)
        lines = [
            f"{self.file}: {self.form.line}",
            "form and checksums are in order; nothing of it has been run",
        ]
        theirs = foreign(self.code)
        for name, content in self.code.files.items():
            whose = "to be read before it is run" if name in theirs else "as in this checkout"
            lines.append(f"    code   {plain(name)}, {counted(len(content), 'byte')}, {whose}")
        lines.append(f"    {counted(len(self.cells), 'cell')}, weights {weights / 1e6:.2f} MB")
        for cell in self.cells:
            at, day = cell.address, plain(cell.facts.get("date") or "")[:10]
            lines.append(f"    {plain(at)}, {plain(at.protocol)}, {plain(at.profile)}, {day}")
        return lines


def len_of(file: Path) -> int:
    """Return the size of a file in bytes; 0 where there is none."""
    return file.stat().st_size if file.exists() else 0


@contextmanager
def opened(file: Path) -> Iterator[Submission]:
    """Unpack a submission to a temporary folder and check its form, checksums, cells and weights.

    Raises:
        RequestError: it is none, or any part of it is unsafe, malformed or changed.
    """
    if not file.is_file():
        raise RequestError(f"no submission at {file}; expected a zip that `submit` wrote")
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    with (
        tempfile.TemporaryDirectory(prefix="hsisr-submission-") as place,
        open_zip(file, member_limit=LIMITS[WEIGHTS]) as archive,
    ):
        folder = Path(place)
        folders = sort_files(archive.sizes).folders
        top = top_of(folders)
        if top is None:
            raise RequestError(
                f"{file} is no submission: it has no {FORM} and {MANIFEST}; `import` takes cells "
                "that `export` packed"
            )
        form = form_in(archive, file, folders)
        form.require_complete()
        manifest = _manifest(small_file(archive, file, folders[top][MANIFEST]), file)
        cells, content = [], {FORM: archive.read(folders[top][FORM])}
        for where, files in folders.items():
            inner = below(top, where)
            if inner == "" and set(files) == {FORM, MANIFEST}:
                continue
            first = (inner or "").partition("/")[0]
            if first == CODE:
                content |= _code_files(archive, file, f"{inner}/", files, content)
            elif first == CELLS and inner != CELLS:
                cells.append(_cell(archive, file, where, files, folder / CELLS))
            else:
                raise RequestError(f"{file} holds {_one(where, files)}, which no submission has")
        if not cells:
            raise RequestError(f"{file} holds no cells")
        _require_sums(manifest, content, file)
        del content[FORM]
        with _named(file):
            code = code_of(_mapping(manifest["code"]), content)
        _write(folder, content, file)
        cells.sort(key=lambda cell: cell.address)
        yield Submission(file, digest, form, manifest, code, folder, tuple(cells))


def _manifest(content: bytes, file: Path) -> Mapping[str, Any]:
    """Parse a manifest.

    Raises:
        RequestError: it is none, or of another format.
    """
    try:
        manifest = json.loads(content)
        if manifest["kind"] == KIND and manifest["format"] == FORMAT:
            return {**manifest, "files": _mapping(manifest["files"]), "code": manifest["code"]}
        found = plain(f"{manifest['kind']} {manifest['format']}")[:60]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RequestError(f"{file}: {MANIFEST} cannot be read; submit again") from error
    raise RequestError(f"{file}: {MANIFEST} is of '{found}', expected '{KIND} {FORMAT}'")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _code_files(
    archive: CheckedZip,
    file: Path,
    place: str,
    files: Mapping[str, str],
    before: Mapping[str, bytes],
) -> dict[str, bytes]:
    """Read the code files of one folder of the zip.

    Raises:
        RequestError: all code together is too large.
    """
    size = sum(archive.sizes[path] for path in files.values()) + sum(map(len, before.values()))
    if size > _MOST_CODE:
        raise RequestError(f"{file} holds more than {_MOST_CODE:,} bytes of code")
    return {place + name: archive.read(path) for name, path in files.items()}


def _cell(
    archive: CheckedZip, file: Path, where: str, files: Mapping[str, str], root: Path
) -> Cell:
    """Unpack and check a cell, which must be done and have the weights that it names.

    Raises:
        RequestError: it is no such cell.
    """
    try:
        with _unpacking(file, where):
            cell = unpack_cell(archive, where, files, root)
        why = lacking(cell)
    except RefusedError as error:
        raise RequestError(f"{file}: {plain(where)[:200]}: {error}") from error
    if why:
        raise RequestError(f"{file}: {plain(where)[:200]}: {why}")
    return cell


def lacking(cell: Cell) -> str:
    """Return why a valid cell cannot be submitted; "" if it can."""
    if cell.status != "done":
        why = plain(cell.facts["reason"])
        return f"it failed: {why}; repeat its run with --retry-failed, or leave it out"
    if WEIGHTS in cell.facts["sums"]:
        file = cell.folder / WEIGHTS
        if not file.exists():
            return f"its weights are not there; {GET_WEIGHTS}"
        try:
            state = load(file.read_bytes())
        except (SafetensorError, ValueError, KeyError) as error:
            return f"its weights cannot be read: {plain(error)[:200]}"
        if bad := [name for name, one in state.items() if not _is_finite(one)]:
            return f"its weights {plain(bad[0])[:60]} are not finite"
    else:
        try:
            learned = cell.facts["configuration"]["method"]["trained"] and cell.facts["parameters"]
        except (KeyError, TypeError):
            return f"its cell.json does not say what it learned; {COMPUTE_AGAIN}"
        if learned:
            return f"it was stored without its weights; {COMPUTE_AGAIN}"
    return ""


def _is_finite(weights: Tensor) -> bool:
    small = weights.is_floating_point() and weights.itemsize == 1  # torch does not test these
    return bool((weights.float() if small else weights).isfinite().all())


def _one(where: str, files: Mapping[str, str]) -> str:
    return plain(f"{where}/{min(files)}" if where else min(files))[:200]


def _require_sums(manifest: Mapping[str, Any], content: Mapping[str, bytes], file: Path) -> None:
    """Check that form and code are those of the manifest; cells have checksums of their own.

    Raises:
        RequestError: one is missing, was changed, or is not named.
    """
    stated, found = manifest["files"], sums(content)
    if other := sorted({*stated, *found} - ({*stated} & {*found})):
        where = "is named and missing" if other[0] in stated else "is there and not named"
        raise RequestError(f"{file}: by its {MANIFEST}, {plain(other[0])[:200]} {where}")
    if changed := [name for name in found if stated[name] != found[name]]:
        raise RequestError(
            f"{file}: {plain(changed[0])[:200]} does not match its checksum: it was edited after "
            "it was submitted"
        )


@contextmanager
def _named(file: Path) -> Iterator[None]:
    try:
        yield
    except RequestError as error:
        raise RequestError(f"{file}: {error}") from error


@contextmanager
def _unpacking(file: Path, name: str) -> Iterator[None]:
    """Turn an OSError while a part of a submission is unpacked into one line.

    Raises:
        RequestError: its place is taken by another part, its name is too long, or the folder for
            temporary files is full.
    """
    try:
        yield
    except OSError as error:
        raise RequestError(
            f"{file}: {plain(name)[:200]} cannot be unpacked: {error.strerror}; submit again, or "
            "free space in the folder for temporary files"
        ) from error


def _write(folder: Path, content: Mapping[str, bytes], file: Path) -> None:
    for name, one in content.items():
        target = folder / name
        with _unpacking(file, name):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(one)
