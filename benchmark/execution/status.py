"""The state of a cell, and why: done, failed, damaged, stale, missing, or running elsewhere."""

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


# Facts of a protocol or profile that no number depends on.
_NOT_NUMERIC = {"name", "summary", "scales", "largest_scale"}


@dataclass(frozen=True)
class Status:
    """What the results folder holds of one planned cell.

    Attributes:
        state: "done" and "failed" are final; the others mean that the cell is to be run.
        reason: one line, empty for "done".
        cell: what is stored, where it is valid.
    """

    state: State
    reason: str = ""
    cell: Cell | None = None

    @property
    def is_current(self) -> bool:
        """Whether the stored cell is the planned one."""
        return self.state in ("done", "failed")


def status_of(plan: CellPlan, results: Path) -> Status:
    """Look a cell up in the results folder, whether or not another run is computing it."""
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
    """Look a cell up, and whether a run is computing it now or has left a checkpoint."""
    found = status_of(plan, results)
    if found.is_current:
        return found
    lock = CellLock(results, plan.address, plan.key)
    if lock.locked():
        return Status("running", "another run is computing it", found.cell)
    if any(file.exists() for file in lock.checkpoints):
        return Status(found.state, f"{found.reason}; its training goes on from a checkpoint")
    return found


def why_stale(plan: CellPlan, stored: Mapping[str, Any]) -> str:
    """Describe in one line what a stored cell depended on that is different now.

    Args:
        plan: as it is now.
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
            known = stored["configuration"].get(part), plan.configuration[part]
            detail = "; ".join(_changes(*known))
        changed.append(_WORDS.get(part, part) + (f" ({detail})" if detail else ""))
    return f"{' and '.join(changed)} changed"


def _changes(before: Any, now: Any) -> Iterator[str]:
    """Yield the entries of two mappings that differ and that numbers depend on."""
    if not (isinstance(before, Mapping) and isinstance(now, Mapping)):
        return
    for name in sorted({*before, *now} - _NOT_NUMERIC):
        old, new = (one.get(name) for one in (before, now))
        # What comes from JSON has lists where there were tuples.
        if old != (list(new) if isinstance(new, tuple) else new):
            yield f"{name} {old} before, {new} now"
