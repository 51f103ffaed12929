"""Where a cell stands, and why: done, failed, damaged, stale, missing, or running elsewhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmark.execution.plan import CellPlan
from benchmark.store.cells import Cell, damage, read
from benchmark.store.lock import CellLock

State = Literal["done", "failed", "damaged", "stale", "missing", "running"]

_WORDS = {
    "numerics": "the engine's numerics",
    "protocol": "the protocol",
    "profile": "the profile",
    "recipe": "the recipe",
    "method": "the method's source",
    "parameters": "the method's parameters",
    "train": "the training scenes",
    "validation": "the validation scenes",
    "test": "the test scenes",
}


@dataclass(frozen=True)
class Status:
    """What the results folder says of one task.

    Attributes:
        state: "done" and "failed" answer the task; the others mean that it is to be run.
        reason: one line, empty for "done".
        cell: what is stored, where it holds together.
    """

    state: State
    reason: str = ""
    cell: Cell | None = None

    @property
    def answers(self) -> bool:
        """Say whether what is stored is this task's own."""
        return self.state in ("done", "failed")


def status_of(task: CellPlan, results: Path) -> Status:
    """Look a task up in the results folder; who else works on it does not matter here."""
    folder = task.address.folder(results)
    cell = read(folder)
    if cell is None:
        why = damage(folder)
        return Status("damaged", why) if why else Status("missing", "not run yet")
    if cell.facts["key"] != task.key:
        return Status("stale", why_stale(task, cell.facts), cell)
    if cell.status == "failed":
        return Status("failed", str(cell.facts["reason"]), cell)
    return Status("done", "", cell)


def planned_status(task: CellPlan, results: Path) -> Status:
    """Look a task up, and whether a run is at it now or has left a checkpoint."""
    found = status_of(task, results)
    if found.answers:
        return found
    lock = CellLock(results, task.address, task.key)
    if lock.locked():
        return Status("running", "another run is at it", found.cell)
    if any(file.exists() for file in lock.checkpoints):
        return Status(found.state, f"{found.reason}; its training goes on from a checkpoint")
    return found


def why_stale(task: CellPlan, stored: Mapping[str, Any]) -> str:
    """Say what a stored cell depended on that is different now.

    Args:
        task: as it is now.
        stored: the cell's facts.
    """
    before = stored.get("depends", {})
    now = task.depends
    parts = [part for part in {**now, **before} if before.get(part) != now.get(part)]
    if not before:
        return "it does not say what it depended on"
    told = []
    for part in parts:
        detail = ""
        if part in ("protocol", "profile", "recipe"):
            known = stored["configuration"].get(part), task.configuration[part]
            detail = "; ".join(_changes(*known))
        told.append(_WORDS.get(part, part) + (f" ({detail})" if detail else ""))
    return f"{' and '.join(told)} changed"


def _changes(before: Any, now: Any) -> Iterator[str]:
    """Name the entries of two mappings that differ, texts for readers left out."""
    if not (isinstance(before, Mapping) and isinstance(now, Mapping)):
        return
    for name in sorted({*before, *now} - {"summary"}):
        old, new = (one.get(name) for one in (before, now))
        # What comes from JSON has lists where there were tuples.
        if old != (list(new) if isinstance(new, tuple) else new):
            yield f"{name} {old} before, {new} now"
