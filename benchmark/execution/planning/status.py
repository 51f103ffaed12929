"""Status of a cell: done, failed, damaged, stale, missing, running or queued; and the reason."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmark.execution.listeners.recording import described, read_record
from benchmark.execution.planning.plan import CellPlan
from benchmark.store.cells import Cell, damage, read
from benchmark.store.lock import CellLock

State = Literal["done", "failed", "damaged", "stale", "missing", "running", "queued"]

_PART_NAMES = {
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
# Facts of a protocol or profile that numbers do not depend on.
_NOT_NUMERIC = {
    "name",
    "title",
    "paper",
    "year",
    "url",
    "summary",
    "scales",
    "trained_together",
    "published_splits",
}


@dataclass(frozen=True)
class Status:
    """The status of one planned cell in the results folder.

    Attributes:
        state: "done" and "failed" are final; with any other the cell has to be run.
        reason: one line; empty for "done".
        cell: the stored cell, which may be stale; None if there is no valid one.
    """

    state: State
    reason: str = ""
    cell: Cell | None = None

    @property
    def is_current(self) -> bool:
        """True if the stored cell is the planned one."""
        return self.state in ("done", "failed")


def status_of(plan: CellPlan, results: Path) -> Status:
    """Return the status of a cell, without checking whether another run is computing it."""
    folder = plan.address.folder(results)
    cell = read(folder)
    if cell is None:
        why = damage(folder)
        return Status("damaged", why) if why else Status("missing", "not run yet")
    if cell.facts["key"] != plan.key:
        return Status("stale", why_stale(plan, cell.facts), cell)
    if cell.status == "failed":
        return Status("failed", str(cell.facts["reason"]), cell)
    return Status("done", "", cell)


def planned_status(plan: CellPlan, results: Path) -> Status:
    """Return the status of a cell; find out about running ones and about checkpoints too."""
    stored = status_of(plan, results)
    if stored.is_current:
        return stored
    lock = CellLock(results, plan.address, plan.key)
    if lock.locked():
        known = read_record(lock.progress)
        place = f": {described(known)}" if known else ""
        return Status("running", f"another run is computing it{place}", stored.cell)
    if job := read_record(lock.queued).get("job"):
        return Status("queued", f"job {job} of a batch system is to compute it", stored.cell)
    if any(file.exists() for file in lock.checkpoints):
        return Status(stored.state, f"{stored.reason}; its training will resume from a checkpoint")
    return stored


def why_stale(plan: CellPlan, stored: Mapping[str, Any]) -> str:
    """Describe in one line what has changed since a cell was stored.

    Args:
        plan: the cell as planned now.
        stored: the facts of the stored cell.
    """
    before = stored.get("depends", {})
    now = plan.depends
    parts = [part for part in {**now, **before} if before.get(part) != now.get(part)]
    if not before:
        return "it does not say what it depended on"
    changed = []
    for part in parts:
        detail = ""
        if part in ("protocol", "profile", "recipe"):
            old, new = stored["configuration"].get(part), plan.configuration[part]
            detail = "; ".join(_changes(old, new))
        changed.append(_PART_NAMES.get(part, part) + (f" ({detail})" if detail else ""))
    return f"{' and '.join(changed)} changed"


def _changes(before: Any, now: Any) -> Iterator[str]:
    """Yield the entries that differ between two mappings and that numbers depend on."""
    if not (isinstance(before, Mapping) and isinstance(now, Mapping)):
        return
    for name in sorted({*before, *now} - _NOT_NUMERIC):
        old, new = before.get(name), now.get(name)
        # JSON turns tuples into lists.
        if isinstance(old, Mapping) and isinstance(new, Mapping):  # an operator
            yield from (f"{name}: {change}" for change in _changes(old, new))
        elif name == "source" and old != new:
            yield f"the code of {now.get('operator', 'it')}"
        elif old != (list(new) if isinstance(new, tuple) else new):
            yield f"{name} {old} before, {new} now"
