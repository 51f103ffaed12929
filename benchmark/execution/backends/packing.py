"""Pack short cells, so that a job does not take longer to start than to compute."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from benchmark.execution.planning.plan import CellPlan
from benchmark.method import IterativeMethod, NetworkMethod
from benchmark.store.cells import cells

# Seconds that the cells of one job should take together.
_TARGET = 600.0
# Seconds to start the process of a cell, and of a cell that was never run, if it trains nothing.
_START, _UNKNOWN = 10.0, 60.0

Item = TypeVar("Item")


def packed(
    items: Iterable[Item], plan_of: Callable[[Item], CellPlan], results: Path
) -> list[list[Item]]:
    """Group cells into jobs of about ten minutes, by the times of cells like them.

    A cell like another one differs from it by its seed alone. A training that was never run is
    alone in its job.

    Args:
        items: the cells, or anything that has one each.
        plan_of: returns the cell of an item.
        results: the results folder with the stored cells.
    """
    times = _times(results)
    jobs: list[list[Item]] = []
    room = 0.0
    for item in items:
        took = _seconds(plan_of(item), times)
        if took > room:
            jobs.append([])
            room = _TARGET
        jobs[-1].append(item)
        room -= took
    return jobs


def _seconds(plan: CellPlan, times: dict[tuple[str, ...], float]) -> float:
    address = plan.address
    known = times.get((address.dataset, address.profile, address.method, str(address.scale)))
    if known is not None:
        return _START + known
    trains = isinstance(plan.method, NetworkMethod | IterativeMethod)
    return _TARGET if trains else _UNKNOWN


def _times(results: Path) -> dict[tuple[str, ...], float]:
    """Return the longest time of the stored cells of each kind, in seconds."""
    found: dict[tuple[str, ...], float] = defaultdict(float)
    for cell in cells(results):
        times = cell.facts.get("times") or {}
        # One that failed, or that was scored with stored weights, tells no length of a training.
        if cell.status != "done" or times.get("fit_s") is None:
            continue
        address = cell.address
        kind = (address.dataset, address.profile, address.method, str(address.scale))
        with suppress(KeyError, TypeError, ValueError):  # another program may have written it
            scenes = cell.facts["configuration"]["dataset"].get("test") or []
            took = float(times["fit_s"]) + len(scenes) * float(times.get("upscale_s") or 0)
            found[kind] = max(found[kind], took)
    return dict(found)
