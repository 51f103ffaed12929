"""Import cells from a zip: each completely or not at all, never over another without `replace`."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmark.data.archives.safety import ArchiveError
from benchmark.data.archives.zips import CheckedZip, open_zip
from benchmark.data.cache import ProgressCallback, no_progress
from benchmark.errors import RequestError, counted, listed, plain, redact_paths
from benchmark.store import cells
from benchmark.store.address import Address
from benchmark.store.cells import WEIGHTS, Cell
from benchmark.store.files import flush_folder, locked
from benchmark.store.lock import CellLock
from benchmark.store.replacing import move_file, put_in_place
from benchmark.tools.exchange.further import has_further, joined, same_scores
from benchmark.tools.exchange.sorting import sort_files
from benchmark.tools.exchange.submitted import note_submitted, submitter

# Size limits in bytes; parsing cell.json takes many times its size.
LIMITS = {"cell.json": 1 << 20, WEIGHTS: 4 << 30}
LIMIT = 16 << 20
_TEMPORARY = ".importing"
_KEY = re.compile("[0-9a-f]{64}")
_FILE_NAME = re.compile(r"\w[\w.-]{0,99}", re.ASCII)


class RefusedError(Exception):
    """A cell is refused; the message is the reason in one line."""


@dataclass
class Merged:
    """Result of an import; cells are named by their paths below the results folder.

    Attributes:
        added: new cells.
        present: cells that existed with the same scores.
        completed: existing cells whose missing weights were added.
        extended: existing cells that were given further metrics.
        replaced: cells that replaced others, which are in `.superseded/`.
        aside: what was wrong with each damaged cell that was replaced, now in `.superseded/`.
        refused: each refused cell and the reason.
        machines: the number of imported cells per device.
        ignored: files that are no part of a cell, such as `__MACOSX` -> their number.
        submitted: describes the submission that they came in; empty for an export.
        code: code files of the submission that are not this checkout's own; none of it was run.
    """

    added: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    extended: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    machines: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)
    submitted: str = ""
    code: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """The result in one line."""
        others = {
            "given their weights": self.completed,
            "given further metrics": self.extended,
            "replaced": self.replaced,
            "refused": self.refused,
        }
        parts = [f"{counted(len(self.added), 'cell')} added", f"{len(self.present)} present before"]
        parts += [f"{len(names)} {what}" for what, names in others.items() if names]
        if self.ignored:
            files = counted(sum(self.ignored.values()), "other file")
            parts.append(f"{files} ignored: {shown(listed(self.ignored))}")
        made = "; ".join(f"{count} made on {name}" for name, count in self.machines.items())
        return ", ".join(parts) + (f" ({made})" if made else "")


def merge(
    results: Path, file: Path, *, replace: bool = False, on_progress: ProgressCallback = no_progress
) -> Merged:
    """Import the cells of a zip into a results folder.

    A cell is unpacked to a temporary folder, verified by its checksums and its address, and moved
    to its place by one rename, under the lock that a run of this cell would hold. The cells may be
    below other folders in the zip, and beside files that the suite or an operating system writes.

    Args:
        results: the results folder; made if it does not exist.
        file: the zip.
        replace: whether to replace a cell that conflicts, and move it to `.superseded/`.
        on_progress: called before each cell, and at the end.

    Raises:
        RequestError: the zip as a whole is unsafe or damaged, and nothing is imported; or the
            results folder cannot be written to, and the cells imported so far stay.
    """
    merged = Merged()
    if file.is_dir():
        raise RequestError(
            f"{file} is a folder, expected a zip; zip it again, or copy the data sets' folders in "
            f"it to {results}"
        )
    with open_zip(file, member_limit=LIMITS[WEIGHTS]) as archive:
        contents = sort_files(archive.sizes)
        places, merged.ignored = contents.folders, dict(contents.ignored)
        origin = submitter(archive, file, places)
        if origin is not None:
            merged.submitted = f"submission {origin.pop('line')}"
            merged.code = [plain(name.rpartition("/")[2]) for name in origin.pop("code")]
        if not places:
            raise RequestError(f"{file} holds no cells; make one with: run_all.py export")
        try:
            with _temporary(results) as temporary:
                for number, place in enumerate(sorted(places)):
                    on_progress("import", number, len(places), shown(place))
                    try:
                        cell = unpack_cell(archive, place, places[place], temporary / str(number))
                        _move(results, cell, merged, replace=replace)
                        if origin is not None:
                            note_submitted(results, cell.address, origin)
                    except RefusedError as why:
                        merged.refused[shown(place) or "the top of the zip"] = str(why)
                    shutil.rmtree(temporary / str(number), ignore_errors=True)
        except OSError as error:
            imported = len(merged.added) + len(merged.replaced)
            raise RequestError(
                f"cannot write to the results folder {results}: {error.strerror or error}; "
                f"{counted(imported, 'cell')} imported so far, the same command continues with the "
                "others"
            ) from error
    on_progress("import", len(places), len(places), "")
    return merged


@contextmanager
def _temporary(results: Path) -> Iterator[Path]:
    """Create a folder hidden from readers of cells; remove leftovers of a killed import."""
    folder = results / _TEMPORARY
    with locked(results / f"{_TEMPORARY}.lock"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def unpack_cell(archive: CheckedZip, place: str, paths: Mapping[str, str], root: Path) -> Cell:
    """Unpack one cell below `root` and verify it.

    Raises:
        RefusedError: it is no valid cell, or there are other files.
        OSError: it cannot be written.
    """
    if "cell.json" not in paths:
        inner = next((name for name in sorted(paths) if name.lower().endswith(".zip")), "")
        advice = f"; unpack {shown(inner)} and import it by itself" if inner else ""
        raise RefusedError(f"no cell: {shown(listed(sorted(paths)))} without a cell.json{advice}")
    for name, path in paths.items():
        size, limit = archive.sizes[path], LIMITS.get(name, LIMIT)
        if size > limit:
            raise RefusedError(f"{shown(name)} has {size:,} bytes, expected {limit:,} at most")
    try:
        facts = json.loads(archive.read(paths["cell.json"]))
        if problem := _problem(facts, place, set(paths)):
            raise RefusedError(problem)
        folder = root / _home(facts)
        folder.mkdir(parents=True)
        for name, path in paths.items():
            with (folder / name).open("wb") as stream:
                shutil.copyfileobj(archive.open(path), stream)
                stream.flush()
                os.fsync(stream.fileno())
    except ArchiveError as error:
        raise RefusedError(f"it cannot be unpacked ({shown(error.__cause__)})") from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"cell.json cannot be read ({shown(error)})") from error
    flush_folder(folder)
    cell = cells.read(folder)
    if cell is None:
        here = plain(folder)
        raise RefusedError(cells.damage(folder).replace(f"{here}{os.sep}", "").replace(here, "it"))
    return cell


def _problem(facts: Any, place: str, names: set[str]) -> str:
    """Return what is wrong with the facts of a cell from a zip; empty if nothing is."""
    if not isinstance(facts, dict) or facts.get("format") != cells.FORMAT:
        found = facts.get("format") if isinstance(facts, dict) else None
        return f"cell.json has format {shown(found)}, expected {cells.FORMAT}"
    try:
        home = _home(facts)
    except (KeyError, TypeError, AttributeError, ValueError):
        return "cell.json has no address of a cell"
    sums, status = facts.get("sums"), facts.get("status")
    if not f"/{place}".endswith(f"/{home}"):  # which has no `..` either
        return f"it is a cell whose place is {shown(home)}"
    if not isinstance(sums, dict) or not all(map(_FILE_NAME.fullmatch, sums)):
        return "cell.json names files that no cell has"
    if more := names - {*sums, "cell.json"}:
        return f"{shown(listed(sorted(more)))} is none of the cell's files"
    if not _KEY.fullmatch(str(facts.get("key"))) or not isinstance(facts.get("depends", {}), dict):
        return "cell.json has no valid key and dependencies"
    if status == "done" and "scores.csv" not in sums:
        return "it is done and has no scores.csv"
    if status == "failed" and not isinstance(facts.get("reason"), str):
        return "it failed and has no reason"
    return ""


def _home(facts: Mapping[str, Any]) -> str:
    """Return the path below a results folder that the address of a cell gives."""
    return Address(**facts["address"]).folder(Path()).as_posix()


def _move(results: Path, cell: Cell, merged: Merged, *, replace: bool) -> None:
    """Move a verified cell to its place, unless it conflicts with the cell there."""
    lock = CellLock(results, cell.address, cell.facts["key"])
    if not lock.acquire():
        raise RefusedError("a run is computing this cell now; import it when that has ended")
    try:
        folder = cell.address.folder(results)
        if why := cells.damage(folder):
            merged.aside.append(why)
        old = cells.read(folder)
        outcome = _outcome(old, cell, replace=replace)
        if outcome == "extended" and old is not None:
            metrics, scores = joined(old, cell)
            cells.extend(results, old, {"metrics": metrics}, {"scores.csv": scores})
        if outcome in ("completed", "extended") and old and _lacks_weights(old, cell):
            move_file(cell.folder / WEIGHTS, folder / WEIGHTS)
            flush_folder(folder)
        if outcome in ("added", "replaced"):
            folder.parent.mkdir(parents=True, exist_ok=True)
            put_in_place(results, cell.folder, folder)
            flush_folder(folder.parent)
            device = _device(cell)
            merged.machines[device] = merged.machines.get(device, 0) + 1
            if cell.status == "done":
                lock.delete_checkpoint()
        getattr(merged, outcome).append(_home(cell.facts))
    finally:
        lock.release()


def _outcome(
    old: Cell | None, new: Cell, *, replace: bool
) -> Literal["added", "present", "completed", "extended", "replaced"]:
    """Decide how to import a cell, given the one in its place.

    Raises:
        RefusedError: they conflict, and `replace` is False.
    """
    if old is None:
        return "added"
    if conflict := _conflict(old, new):
        if replace:
            return "replaced"
        raise RefusedError(
            f"{conflict}; here {_made(old)}, there {_made(new)}; --replace imports it and moves "
            "the one here to .superseded"
        )
    if has_further(old, new):
        return "extended"
    return "completed" if _lacks_weights(old, new) else "present"


def _lacks_weights(old: Cell, new: Cell) -> bool:
    """Return whether a cell is stored without its weights, and another one has the same."""
    same = old.facts["sums"].get(WEIGHTS) == new.facts["sums"].get(WEIGHTS)
    return same and not (old.folder / WEIGHTS).exists() and (new.folder / WEIGHTS).exists()


def _conflict(old: Cell, new: Cell) -> str:
    """Return how two cells with one address differ; empty if their numbers are the same."""
    if old.facts["key"] != new.facts["key"]:
        before, now = (dict(cell.facts.get("depends") or {}) for cell in (old, new))
        parts = [part for part in {**before, **now} if before.get(part) != now.get(part)]
        return f"made from another {shown(listed(parts))}" if parts else "made from other inputs"
    if old.status != new.status:
        return f"the same cell {_status(old)} here and {_status(new)} there"
    if old.status == "failed":
        reasons = [redact_paths(str(cell.facts["reason"])) for cell in (old, new)]
        return "" if reasons[0] == reasons[1] else "the same cell failed for another reason"
    return "" if same_scores(old, new) else "the same cell with other scores"


def _status(cell: Cell) -> str:
    return "is done" if cell.status == "done" else f"failed ({shown(cell.facts['reason'])})"


def _made(cell: Cell) -> str:
    return f"{shown(cell.facts.get('date') or 'undated')[:10]} on {_device(cell)}"


def _device(cell: Cell) -> str:
    environment = cell.facts.get("environment")
    known = environment.get("device") if isinstance(environment, dict) else None
    return shown(known or "an unknown device")


def shown(value: object) -> str:
    """Sanitise text from a zip: one line, no control characters, limited length."""
    text = plain(value)
    return text if len(text) <= 120 else f"{text[:120]}..."
