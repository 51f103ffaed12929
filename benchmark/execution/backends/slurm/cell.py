"""A cell that SLURM is to compute: what is noted beside it, and how its run finds out its end."""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.execution.backends.slurm.queue import QueuedJob
from benchmark.execution.computation.job import Job, JobResult
from benchmark.execution.listeners.cell import CellListener
from benchmark.execution.listeners.recording import described, read_record, write_record
from benchmark.execution.planning.status import Status, status_of

# Seconds after which a cell whose job is gone is lost: its files may take a while to be seen here.
_PATIENCE = 10.0


@dataclass
class SubmittedCell:
    """A cell that SLURM is to compute.

    Attributes:
        job: the cell.
        listener: receives what the node writes down.
        name: name of the array of jobs; empty before it is submitted.
        task: number of the job in its array.
        job_id: identifier of the job, as soon as it is known.
        gone_since: when SLURM was first without the job, on the monotonic clock; else infinite.
        place: where the cell is computed.
        step: the last step that was reported.
        lines: number of the node's lines for the user that were reported.
        losses: times that it was submitted again.
        refused: why a node refused it.
    """

    job: Job
    listener: CellListener
    name: str = ""
    task: int = 0
    job_id: str = ""
    gone_since: float = math.inf
    place: str = ""
    step: int = -1
    lines: int = 0
    losses: int = 0
    refused: str = ""

    def __post_init__(self) -> None:
        """Remember how the cell ended before, which is to be tried again."""
        cell = status_of(self.job.plan, self.job.settings.results).cell
        self._before = cell.facts if cell else None

    def note(self, name: str, task: int) -> None:
        """Write down which job the cell is going to be part of."""
        self.name, self.task = name, task
        self._write()

    def submitted(self, job_id: str) -> None:
        """Write down the job's identifier; it may have ended already."""
        self.job_id = job_id
        self._write()
        if self._ended():
            self.job.lock.delete_job()

    def adopt(self, queue: Sequence[QueuedJob]) -> bool:
        """Return True if SLURM still has the job that was noted for this cell."""
        noted = read_record(self.job.lock.queued)
        self.name, self.task = str(noted.get("name") or ""), int(noted.get("task") or 0)
        if not self.name or noted.get("key") != self.job.plan.key:
            return False
        return self.match(queue)

    def match(self, queue: Iterable[QueuedJob]) -> bool:
        """Find the cell's job in the queue, and note since when it is gone."""
        for one in queue:
            if (one.name, one.task) == (self.name, self.task):
                self.job_id, self.gone_since = one.job, math.inf
                return True
        self.gone_since = min(self.gone_since, time.monotonic())
        return False

    def look(self) -> JobResult | None:
        """Report what the node has written down; return how the cell ended, if it has."""
        now = self._ended()
        noted = read_record(self.job.lock.queued)
        if now and not noted:  # the node has tidied up
            return JobResult("done" if now.state == "done" else "failed", now.reason)
        if time.monotonic() - self.gone_since > _PATIENCE:
            self.job.lock.delete_job()
            if now:
                return None
            self.refused = str(noted.get("refused") or "")
            why = self.refused or f"job {self.job_id or self.name} ended without it"
            return JobResult("lost", f"{why}; the same command submits it again")
        if progress := read_record(self.job.lock.progress):
            self._show(progress)
        return None

    def _ended(self) -> Status | None:
        """Return how the cell ended, if it has; a failure that is tried again is no end."""
        now = status_of(self.job.plan, self.job.settings.results)
        new = now.is_current and now.cell and now.cell.facts != self._before
        return now if new else None

    def _show(self, progress: dict[str, Any]) -> None:
        place = described({name: progress.get(name) for name in ("machine", "job")})
        if place != self.place:
            self.place, self.step = place, -1
            self.listener.began(place)
        lines = progress.get("lines")
        texts = [str(text) for text in lines] if isinstance(lines, list) else []
        if len(texts) < self.lines:  # the job was started again
            self.lines = 0
        for text in texts[self.lines :]:
            self.listener.line(text)
        self.lines = len(texts)
        step = progress.get("step")
        if isinstance(step, int) and step != self.step:
            self.step = step
            self.listener.stepped(step, progress["steps"], progress.get("loss", math.nan), 0.0)

    def _write(self) -> None:
        file = self.job.lock.queued
        file.parent.mkdir(parents=True, exist_ok=True)
        title, key = str(self.job.plan.address), self.job.plan.key
        facts = {"cell": title, "key": key, "name": self.name, "task": self.task}
        write_record(file, {**facts, "job": self.job_id or self.name})
