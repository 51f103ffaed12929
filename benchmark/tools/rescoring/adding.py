"""Score stored cells again by further metrics."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.data.split import Split
from benchmark.engine.machine.device import Device
from benchmark.engine.machine.torch_state import numeric_state
from benchmark.engine.scoring.scene import facts_of, metrics_of, score
from benchmark.errors import counted, listed
from benchmark.execution.computation.agreement import rows_of
from benchmark.execution.computation.reestimation import missing_weights, reestimate
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.plan import CellPlan, Folders, replan
from benchmark.execution.planning.status import why_stale
from benchmark.metric import METRICS, Metric, is_outdated
from benchmark.plugins.isolation import process_kept
from benchmark.protocol import PROTOCOLS
from benchmark.store.cells import Cell, extend, read
from benchmark.store.lock import CellLock
from benchmark.store.remedies import COMPUTE_AGAIN
from benchmark.tools.rescoring.table import (
    RefusedError,
    extended,
    refusing,
    require_same,
)


@dataclass
class Rescored:
    """What came of adding metrics to stored cells, named by their paths below the results folder.

    Attributes:
        added: the metrics that were added to a cell, or replaced in it.
        present: cells that had all of them.
        refused: why a cell stays as it is.
    """

    added: dict[str, list[str]] = field(default_factory=dict)
    present: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """One line for a terminal."""
        return (
            f"metrics added to {counted(len(self.added), 'cell')}, {len(self.present)} had them, "
            f"{len(self.refused)} refused"
        )


def rescore(
    cells: Sequence[Cell],
    metrics: Sequence[Metric],
    folders: Folders,
    device: Device,
    progress: Progress,
) -> Rescored:
    """Add metrics to finished cells: estimate their test scenes again, check, and store.

    A cell is changed only if its stored scores come out again, atomically and under its lock; its
    key, its weights and the scores that it has stay as they are. A metric whose code is another
    one than the cell's is computed anew, and its scores are replaced.

    Args:
        cells: as stored.
        metrics: the metrics; those of each cell's protocol if empty.
        folders: data, results and cache.
        device: where the estimates are computed.
        progress: receives cells and scenes.

    Raises:
        RequestError: the results folder cannot be written to; the cells before stay extended.
    """
    rescored = Rescored()
    waiting = []
    for cell in cells:
        try:
            if _missing(cell, metrics):
                waiting.append(cell)
            else:
                rescored.present.append(_place(cell))
        except RefusedError as why:
            rescored.refused[_place(cell)] = str(why)
    progress.begin(len(waiting), len(rescored.present), "score")
    splits: dict[Any, Split] = {}
    for number, cell in enumerate(waiting, start=1):
        name, reason = _place(cell), ""
        try:
            plan = _replanned(cell, folders, progress, splits)
        except RefusedError as why:
            plan, reason = None, str(why)
        progress.cell(number, name)
        if plan is not None:
            try:
                if added := _add(plan, metrics, folders, device, progress):
                    rescored.added[name] = added
                else:  # another process was faster
                    rescored.present.append(name)
            except RefusedError as why:
                reason = str(why)
        if reason:
            rescored.refused[name] = reason
        progress.cell_ended(reason or None)
    return rescored


def _place(cell: Cell) -> str:
    """Return a cell's path below the results folder, which names its protocol and profile too."""
    return cell.address.folder(Path()).as_posix()


def _missing(cell: Cell, metrics: Sequence[Metric]) -> list[Metric]:
    """Return the metrics that a cell lacks, or has by other code.

    Raises:
        RefusedError: it failed, or its metrics or its protocol are unknown.
    """
    if cell.status != "done":
        raise RefusedError(f"it failed: {cell.facts['reason']}")
    with refusing():
        if "metrics" not in cell.facts:
            raise RefusedError(f"it does not say which metrics it has; {COMPUTE_AGAIN}")
        stored = {facts["name"]: facts for facts in cell.facts["metrics"]}
        wanted = metrics or metrics_of(PROTOCOLS.make(cell.address.protocol))
        # The code is looked up in any case: a file may be edited before a cell is stored.
        return [
            metric
            for metric in wanted
            if is_outdated(metric, stored.get(label := METRICS.label(metric), {}))
            or label not in stored
        ]


def _replanned(
    cell: Cell, folders: Folders, progress: Progress, splits: dict[Any, Split]
) -> CellPlan:
    """Plan a cell again.

    Raises:
        RefusedError: it is stale, a plugin or its data are missing, or it has no weights.
    """
    with refusing():
        plan = replan(cell, folders, progress, splits)
        if plan.key != cell.facts["key"]:
            raise RefusedError(f"it is stale: {why_stale(plan, cell.facts)}; run it again")
        reason = missing_weights(plan, cell)
    if reason:
        raise RefusedError(reason)
    return plan


def _add(
    plan: CellPlan, metrics: Sequence[Metric], folders: Folders, device: Device, progress: Progress
) -> list[str]:
    """Add metrics to one cell, under its lock; return their names.

    Raises:
        RefusedError: it is being computed, or what is stored does not come out again.
        RequestError: the results folder cannot be written to.
    """
    lock = CellLock(folders.results, plan.address, plan.key)
    if not lock.acquire():
        raise RefusedError("a run is computing it now; score it when that has ended")
    try:
        cell = read(plan.address.folder(folders.results))
        if cell is None or cell.facts["key"] != plan.key:
            raise RefusedError("another run has changed it meanwhile; score it again")
        further = _missing(cell, metrics)
        if further:
            facts, scores = _computed(plan, cell, further, device, progress)
            extend(folders.results, cell, {"metrics": facts}, {"scores.csv": scores})
        return [METRICS.label(metric) for metric in further]
    finally:
        lock.release()


def _computed(
    plan: CellPlan, cell: Cell, further: Sequence[Metric], device: Device, progress: Progress
) -> tuple[list[dict[str, Any]], bytes]:
    """Compute the new entry `metrics` and the new scores of a cell.

    Raises:
        RefusedError: a plugin failed, or what is stored does not come out again.
    """
    with refusing():
        before = {facts["name"]: facts for facts in cell.facts["metrics"]}
        added = {facts["name"]: facts for facts in facts_of(plan.protocol, further)}
        known = {name: METRICS.make(name) for name in before if name not in added}
        rows = _scored(plan, cell, [*known.values(), *further], device, progress)
        stored = rows_of(cell)
        same = [before[name] for name, one in known.items() if not is_outdated(one, before[name])]
        require_same(stored, rows, same)
        facts = _ordered(list({**before, **added}.values()), plan)
        replaced = before.keys() & added.keys()
        kept = ["scene", *known] if replaced else list(stored[0])
        return facts, extended(stored, rows, [one["name"] for one in facts], kept)


def _scored(
    plan: CellPlan, cell: Cell, metrics: Sequence[Metric], device: Device, progress: Progress
) -> list[dict[str, Any]]:
    """Estimate the test scenes of a cell and score them, in the surroundings of a run.

    Raises:
        RefusedError: the method replaced what computes its scores.
        Exception: any exception of a plugin.
    """
    rows, scale, clip = [], plan.address.scale, plan.method.clips
    with process_kept() as changed, numeric_state():
        for one in reestimate(plan, cell, device):
            progress.scene(one.scene.name)
            scores = score(one.estimate, one.truth, scale, plan.protocol, metrics, clip=clip)
            rows.append({"scene": one.scene.name, **scores})
    if changed.functions:
        raise RefusedError(f"its method replaced {listed(changed.functions)}")
    return rows


def _ordered(facts: list[dict[str, Any]], plan: CellPlan) -> list[dict[str, Any]]:
    """Put the metrics of the protocol first, in its order, and the others after them."""
    own = [METRICS.label(metric) for metric in metrics_of(plan.protocol)]
    return sorted(facts, key=lambda one: own.index(one["name"]) if one["name"] in own else len(own))
