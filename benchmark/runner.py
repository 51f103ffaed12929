"""Runs cells and stores them; a failing one costs itself only."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmark import environment, store
from benchmark.cell import Workbench
from benchmark.device import Device
from benchmark.errors import RequestError
from benchmark.plan import Task, stored
from benchmark.progress import Progress


@dataclass
class Outcome:
    """What became of a run's cells, each named by its address."""

    done: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


class Runner:
    """Runs tasks one after the other on one device.

    Args:
        results: the results folder.
        device: where.
        progress: is told of everything.
        retry_failed: True runs failed cells again.
    """

    def __init__(
        self, results: Path, device: Device, progress: Progress, retry_failed: bool = False
    ) -> None:
        self.results = results
        self.device = device
        self.progress = progress
        self.retry_failed = retry_failed
        self._environment = environment.describe(device)
        self._workbench = Workbench(device, progress)

    def run(self, tasks: Sequence[Task]) -> Outcome:
        """Run what is not stored yet.

        Raises:
            RequestError: the results folder cannot be written to, or a data set's file cannot
                be read: nothing that comes later would fare better.
        """
        outcome = Outcome()
        waiting = []
        for task in tasks:
            cell = stored(task, self.results)
            why = store.damage(task.address.folder(self.results)) if cell is None else ""
            if why:
                self.progress.line(f"damaged, to be set aside and run again: {why}")
            if cell is None or (cell.status == "failed" and self.retry_failed):
                waiting.append(task)
            elif cell.status == "failed":
                outcome.failed[str(task.address)] = str(cell.facts["reason"])
            else:
                outcome.found.append(str(task.address))
        self.progress.begin(len(waiting), len(outcome.found))
        for number, task in enumerate(waiting, start=1):
            self.progress.cell(number, str(task.address))
            reason = self._run(task)
            if reason:
                outcome.failed[str(task.address)] = reason
            else:
                outcome.done.append(str(task.address))
            self.progress.cell_ended(reason)
        return outcome

    def _run(self, task: Task) -> str | None:
        """Run one cell and store it; gives the reason where it failed."""
        facts: dict[str, Any] = {
            "key": task.key,
            "configuration": task.configuration,
            "environment": self._environment,
        }
        try:
            made, files = self._workbench.compute(task)
            facts |= {"status": "done", "reason": None, **made}
        except RequestError:
            raise
        except Exception as error:  # noqa: BLE001 - one cell's fault must not stop the others
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            facts |= {"status": "failed", "reason": reason, "warnings": []}
            files = {"traceback.txt": traceback.format_exc().encode()}
        facts["date"] = datetime.now(UTC).isoformat(timespec="seconds")
        store.write(self.results, task.address, facts, files)
        told: str | None = facts["reason"]
        return told
