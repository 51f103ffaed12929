"""Cells taken from a zip into a results folder: each whole or not at all, and none over another."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmark.errors import RequestError, listed
from benchmark.store import cells
from benchmark.store.cells import WEIGHTS, Cell, set_aside
from benchmark.store.files import flush_folder, locked
from benchmark.store.lock import CellLock
from benchmark.tools.exchange.archive import opened, shown
from benchmark.tools.exchange.incoming import RefusedError, unpack
from benchmark.tools.exchange.packing import Told, silent, strip_folders

_ASIDE = ".importing"

Fate = Literal["added", "present", "completed", "replaced"]


@dataclass
class Merged:
    """What an import came to; cells are named by their paths below the results folder.

    Attributes:
        added: were not here.
        present: are here with the same scores.
        completed: are here, and got their weights now.
        replaced: took the place of others, which are in `.superseded/`.
        aside: of each damaged one that had to make room, what was wrong; now in `.superseded/`.
        refused: why not.
        machines: what the cells taken were made on, and how many.
    """

    added: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    machines: dict[str, int] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """Say it in one line."""
        parts = [f"{len(self.added)} cells added", f"{len(self.present)} present before"]
        parts += [f"{len(self.completed)} given their weights"] * bool(self.completed)
        parts += [f"{len(self.replaced)} replaced"] * bool(self.replaced)
        parts += [f"{len(self.refused)} refused"] * bool(self.refused)
        made = "; ".join(f"{count} made on {name}" for name, count in self.machines.items())
        return ", ".join(parts) + (f" ({made})" if made else "")


def merge(results: Path, file: Path, *, replace: bool = False, told: Told = silent) -> Merged:
    """Take the cells of a zip into a results folder.

    A cell is unpacked aside and verified by its seal, its files' hashes and its address; then it
    takes its place by one rename, under the same lock as a run that computes it.

    Args:
        results: the results folder; made if it is not there.
        file: the zip.
        replace: True takes a cell whose place another one has; that one moves to `.superseded/`.
        told: is told of every cell.

    Raises:
        RequestError: the zip is unsafe or damaged as a whole, and nothing was taken; or the
            results folder cannot be written to, and what was taken until then is there.
    """
    merged = Merged()
    with opened(file) as (archive, folders):
        try:
            with _aside(results) as aside:
                for number, place in enumerate(sorted(folders)):
                    told(number, len(folders), shown(place))
                    room = aside / str(number)
                    try:
                        cell = unpack(archive, place, folders[place], room)
                        _take(results, place, cell, merged, replace=replace)
                    except RefusedError as why:
                        merged.refused[shown(place) or "the top of the zip"] = str(why)
                    shutil.rmtree(room, ignore_errors=True)
        except OSError as error:
            raise RequestError(
                f"cannot write to the results folder {results}: {error.strerror or error}; "
                f"{len(merged.added) + len(merged.replaced)} cells were taken, the same command "
                "goes on with the others"
            ) from error
        told(len(folders), len(folders), "")
    return merged


@contextmanager
def _aside(results: Path) -> Iterator[Path]:
    """Give a folder where no cells are looked for; what a killed import has left there goes."""
    aside = results / _ASIDE
    with locked(results / f"{_ASIDE}.lock"):
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        try:
            yield aside
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _take(results: Path, place: str, cell: Cell, merged: Merged, *, replace: bool) -> None:
    lock = CellLock(results, cell.address, str(cell.facts["key"]))
    if not lock.acquire():
        raise RefusedError("a run is at this cell now; import it when that has ended")
    try:
        folder = cell.address.folder(results)
        if why := cells.damage(folder):
            merged.aside.append(why)
        fate = _decided(cells.read(folder), cell, replace=replace)
        if fate == "completed":
            (cell.folder / WEIGHTS).replace(folder / WEIGHTS)
            flush_folder(folder)
        elif fate != "present":
            folder.parent.mkdir(parents=True, exist_ok=True)
            set_aside(results, folder)
            cell.folder.rename(folder)
            flush_folder(folder.parent)
            machine = _machine(cell.facts)
            merged.machines[machine] = merged.machines.get(machine, 0) + 1
            if cell.status == "done":
                lock.delete_checkpoint()
        getattr(merged, fate).append(place)
    finally:
        lock.release()


def _decided(old: Cell | None, new: Cell, *, replace: bool) -> Fate:
    """Say what becomes of a cell, given what has its place.

    Raises:
        RefusedError: that is another cell, which nobody said to replace.
    """
    if old is None:
        return "added"
    if conflict := _conflict(old, new):
        if replace:
            return "replaced"
        raise RefusedError(
            f"{conflict}; here {_made(old.facts)}, there {_made(new.facts)}; --replace takes it "
            "and keeps the one that is here in .superseded"
        )
    same = old.facts["sums"].get(WEIGHTS) == new.facts["sums"].get(WEIGHTS)
    lacking = not (old.folder / WEIGHTS).exists() and (new.folder / WEIGHTS).exists()
    return "completed" if same and lacking else "present"


def _conflict(old: Cell, new: Cell) -> str:
    """Say in what two cells of one place differ; empty where they measured the same."""
    if old.facts["key"] != new.facts["key"]:
        before, now = (dict(cell.facts.get("depends") or {}) for cell in (old, new))
        parts = [part for part in {**before, **now} if before.get(part) != now.get(part)]
        what = shown(listed(parts)) if parts else "state of what it does not name"
        return f"made from another {what}"
    if old.status != new.status:
        return f"the same cell {_status(old)} here and {_status(new)} there"
    if old.status == "failed":
        reasons = [strip_folders(str(cell.facts["reason"])) for cell in (old, new)]
        return "" if reasons[0] == reasons[1] else "the same cell failed for another reason"
    scores = [cell.facts["sums"].get("scores.csv") for cell in (old, new)]
    return "" if scores[0] == scores[1] else "the same cell with other scores"


def _status(cell: Cell) -> str:
    return "is done" if cell.status == "done" else f"failed ({shown(cell.facts['reason'])})"


def _made(facts: Mapping[str, Any]) -> str:
    commit = _environment(facts).get("commit")
    parts = [str(facts.get("date") or "")[:10], _machine(facts)]
    parts += [f"commit {str(commit)[:7]}"] * bool(commit)
    return shown(", ".join(filter(None, parts)))


def _machine(facts: Mapping[str, Any]) -> str:
    known = _environment(facts)
    device, processor = known.get("device"), known.get("processor")
    name = shown(device) if device else "a machine that it does not say"
    return f"{name} ({shown(processor)})" if processor else name


def _environment(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    known = facts.get("environment")
    return known if isinstance(known, dict) else {}
