"""Runs cells, each in a process of its own, and stores them; a failing one costs itself only."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmark.errors import RequestError
from benchmark.execution.backends.process import SHOWN, Worker
from benchmark.execution.job import Ending, Settings, carry_out, store_failure, written
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.plan import CellPlan
from benchmark.execution.status import Status, status_of
from benchmark.store.lock import CellLock

# How often cells that another run is at are looked at again, in seconds.
_AGAIN = 0.5


@dataclass
class Outcome:
    """What became of a run's cells, each named by its address."""

    done: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


class Runner:
    """Runs tasks one after the other on one device.

    Args:
        settings: where and how.
        progress: is told of everything.
        retry_failed: True runs failed cells again.
        timeout: seconds that a cell may take; 0 is for ever.
        isolated: False computes in this process, where a debugger can stop in a method, and
            where a method that ends its process ends the run.
    """

    def __init__(
        self,
        settings: Settings,
        progress: Progress,
        *,
        retry_failed: bool = False,
        timeout: float = 0,
        isolated: bool = True,
    ) -> None:
        self.settings = settings
        self.progress = progress
        self.retry_failed = retry_failed
        self.timeout = timeout
        self.isolated = isolated
        self._ready: Worker | None = None

    def run(self, tasks: Sequence[CellPlan]) -> Outcome:
        """Run what is not stored yet; what another run is at is waited for.

        Raises:
            RequestError: the results folder cannot be written to, or a data set's file cannot
                be read: nothing that comes later would fare better.
        """
        outcome = Outcome()
        waiting = []
        for task in tasks:
            status = status_of(task, self.settings.results)
            if self._to_run(status):
                waiting.append((task, status))
                if status.state in ("damaged", "stale"):
                    why = f"{status.state}: {task.address}: {status.reason}"
                    self.progress.line(f"{why}; it is set aside and run again")
            else:
                if status.state == "done":
                    CellLock(self.settings.results, task.address, task.key).clean_up()
                _note(outcome, task, status)
        self.progress.begin(len(waiting), len(outcome.found))
        try:
            self._work(waiting, outcome)
        finally:
            if self._ready:
                self._ready.kill()
                self._ready = None
        return outcome

    def _to_run(self, status: Status) -> bool:
        return not status.answers or (status.state == "failed" and self.retry_failed)

    def _work(self, waiting: Sequence[tuple[CellPlan, Status]], outcome: Outcome) -> None:
        left, number, told = list(waiting), 0, False
        while left:
            busy = []
            for index, (task, seen) in enumerate(left):
                lock = CellLock(self.settings.results, task.address, task.key)
                if not lock.acquire():
                    busy.append((task, seen))
                    continue
                number += 1
                self.progress.cell(number, str(task.address))
                self._one(task, seen, lock, outcome, more=index + 1 < len(left))
            if len(busy) == len(left):
                if not told:
                    told = True
                    self.progress.line(f"waiting for {len(busy)} that another run is at")
                time.sleep(_AGAIN)
            left = busy

    def _one(
        self, task: CellPlan, seen: Status, lock: CellLock, outcome: Outcome, *, more: bool
    ) -> None:
        mine = False
        try:
            now = status_of(task, self.settings.results)
            if not now.answers or (seen.cell and now.cell and seen.cell.facts == now.cell.facts):
                mine = True
                ending = self._isolated(task, more=more) if self.isolated else self._here(task)
                if ending.kind == "refused":
                    raise RequestError(ending.reason)
                now = self._judged(task, ending)
                if now.state == "done":
                    lock.delete_checkpoint()
        except KeyboardInterrupt:
            if lock.checkpoint.exists():
                self.progress.line(f"    checkpoint kept: {lock.checkpoint}")
            raise
        finally:
            lock.release()
        if now.state == "failed":
            outcome.failed[str(task.address)] = now.reason
        else:
            (outcome.done if mine else outcome.found).append(str(task.address))
        self.progress.cell_ended(now.reason)

    def _judged(self, task: CellPlan, ending: Ending) -> Status:
        """Trust the disk: a process may die right after its cell was stored, or say so falsely."""
        now = status_of(task, self.settings.results)
        if now.state == "done":
            return now
        if ending.kind != "failed":
            ending = Ending("failed", f"it ended as {ending.kind}, and there is no cell")
        store_failure(task, self.settings, ending)
        return Status("failed", ending.reason)

    def _here(self, task: CellPlan) -> Ending:
        return carry_out(task, self.settings, self.progress, lambda: False, self.progress.line)

    def _isolated(self, task: CellPlan, *, more: bool) -> Ending:
        worker = self._ready if self._ready and self._ready.alive else Worker()
        # The next one imports while this one works.
        self._ready = Worker() if more else None
        ending, printed = Ending("failed", "it told nothing"), 0
        try:
            for kind, *values in worker.work(written(task, self.settings), self.timeout):
                if kind == "ended":
                    (ending,) = values
                elif kind == "printed":
                    printed += 1
                    if printed <= SHOWN:
                        self.progress.line(f"    | {values[0]}")
                else:
                    getattr(self.progress, kind)(*values)
        except KeyboardInterrupt:
            worker.stop()
            raise
        finally:
            worker.kill()
        return ending


def _note(outcome: Outcome, task: CellPlan, status: Status) -> None:
    """Note a cell that is stored already."""
    if status.state == "failed":
        outcome.failed[str(task.address)] = status.reason
    else:
        outcome.found.append(str(task.address))
