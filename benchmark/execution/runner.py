"""Run the cells of an experiment that are not stored yet; failures do not stop the run."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.engine.machine import device, environment
from benchmark.errors import RequestError
from benchmark.execution.backends.base import Backend
from benchmark.execution.backends.cluster import RayOptions, SlurmOptions, cluster_backend
from benchmark.execution.backends.inline import InlineBackend
from benchmark.execution.backends.process import ProcessBackend
from benchmark.execution.computation.job import Job, JobResult, Settings
from benchmark.execution.computation.pretrained import agreement_of, require_weights, why_untrained
from benchmark.execution.listeners import tensorboard
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.listeners.recording import RecordedProgress
from benchmark.execution.outcome import Outcome, lacking_lines, lacking_metrics, record
from benchmark.execution.planning.forecast import forecast
from benchmark.execution.planning.plan import CellPlan, TablePlan, plan_tables
from benchmark.execution.planning.request import Experiment, check_writable
from benchmark.execution.planning.status import Status, status_of
from benchmark.execution.sharing import threads_shared
from benchmark.store.address import Address
from benchmark.store.lock import CellLock

__all__ = ["Outcome", "RunOptions", "Runner", "run_experiment"]

_POLL_INTERVAL = 0.5  # seconds between checks of cells that another run is computing


@dataclass(frozen=True)
class RunOptions:
    """How to run cells, without effect on their numbers.

    Attributes:
        retry_failed: True runs failed cells again.
        cell_timeout: seconds that a cell may take; 0 for no limit.
        checkpoint_every: seconds from one checkpoint of a training to the next.
        isolated: False runs the cells in this process instead of one worker process each.
        jobs: cells that are computed at a time.
        cluster: where else to run cells; None for this machine.
        tensorboard: True writes training curves for TensorBoard.
        pretrained: a results folder; networks are scored with its weights instead of trained.
        request: the options of the run, as they are stored with its cells.
        command: named by the cells; the command line if empty.
    """

    retry_failed: bool = False
    cell_timeout: float = 0.0
    checkpoint_every: float = 60.0
    isolated: bool = True
    jobs: int = 1
    cluster: RayOptions | SlurmOptions | None = None
    tensorboard: bool = False
    pretrained: Path | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""


def run_experiment(
    experiment: Experiment, options: RunOptions, progress: Progress
) -> list[Outcome]:
    """Run an experiment, after checking everything that can be checked before the first cell.

    Args:
        experiment: the experiment.
        options: how to run its cells.
        progress: receives the progress.

    Returns:
        One outcome per data set.

    Raises:
        RequestError: data are missing, or the results folder cannot be written to; or networks
            are to be scored without training and there are no weights of any cell.
    """
    if options.tensorboard:
        tensorboard.require()
    # The nodes of a cluster look for their own; what this machine has does not matter then.
    chosen = device.choose("cpu" if options.cluster else experiment.device)
    check_writable(experiment.results)
    tables = list(plan_tables(experiment, progress))
    if options.pretrained is not None:
        require_weights([plan for table in tables for plan in table.cells], options.pretrained)
    with threads_shared(options.jobs, chosen):
        settings = Settings(
            results=experiment.results,
            device=chosen,
            environment=environment.describe(chosen, options.command),
            plugins=experiment.plugins,
            checkpoint_every=options.checkpoint_every,
            tensorboard=options.tensorboard,
            pretrained=options.pretrained,
            request=options.request,
        )
        backend = _backend(options, experiment, progress)
        runner = Runner(settings, progress, backend, retry_failed=options.retry_failed)
        return runner.run_together(tables)  # no machine waits for the end of a table


def _backend(options: RunOptions, experiment: Experiment, progress: Progress) -> Backend:
    """Return the backend that the options ask for.

    Raises:
        RequestError: they contradict each other, or a package is missing.
    """
    if options.cluster is not None:
        if options.jobs > 1:
            raise RequestError(
                "--jobs is for this machine; --workers and --at-most limit a cluster"
            )
        if options.pretrained is not None:
            raise RequestError("--pretrained trains nothing; run it here, without --on")
        return cluster_backend(options.cluster, experiment, options.cell_timeout, progress)
    if options.isolated:
        return ProcessBackend(options.cell_timeout, options.jobs)
    if options.jobs > 1 or options.cell_timeout:
        option = "--jobs" if options.jobs > 1 else "--cell-timeout"
        raise RequestError(f"{option} needs worker processes; leave out --in-process")
    return InlineBackend()


@dataclass(frozen=True)
class _Cell:
    """A cell that is to be run.

    Attributes:
        job: the cell.
        before: its status when the run started.
        outcome: the outcome of its table.
    """

    job: Job
    before: Status
    outcome: Outcome


@dataclass(frozen=True)
class _Started:
    """A cell that the backend runs; its lock is held, unless the backend is remote."""

    cell: _Cell
    lock: CellLock
    shown: Progress


@dataclass
class _Unfinished:
    """The cells that are to be started, and those that are running."""

    waiting: deque[_Cell]
    running: dict[Address, _Started] = field(default_factory=dict)
    number: int = 0
    announced: bool = False


class Runner:
    """Runs planned cells, as many at a time as the backend takes.

    Args:
        settings: where to store cells, and how to compute them.
        progress: receives the progress.
        backend: runs the jobs.
        retry_failed: True runs failed cells again.
        forecasts: True says before the first cell how long all will take.
    """

    def __init__(
        self,
        settings: Settings,
        progress: Progress,
        backend: Backend,
        *,
        retry_failed: bool = False,
        forecasts: bool = True,
    ) -> None:
        self.settings = settings
        self.progress = progress
        self.backend = backend
        self.retry_failed = retry_failed
        self.forecasts = forecasts

    def run(self, plans: Sequence[CellPlan], label: str = "") -> Outcome:
        """Run the cells that are not stored yet; wait for those that another run is computing.

        Args:
            plans: the cells.
            label: label of the table's data.

        Raises:
            RequestError: the results folder cannot be written to, or a data set's file cannot
                be read, which every later cell would meet too.
        """
        return self.run_together([TablePlan(label, list(plans))])[0]

    def run_together(self, tables: Sequence[TablePlan]) -> list[Outcome]:
        """Run the cells of several tables as if they were one; see `run`."""
        outcomes = []
        missing, lacking = [], dict[tuple[str, bool], CellPlan]()
        pretrained = self.settings.pretrained
        for table in tables:
            outcome = Outcome(table.label)
            outcomes.append(outcome)
            for plan in table.cells:
                status = status_of(plan, self.settings.results)
                if not status.is_current or (status.state == "failed" and self.retry_failed):
                    if pretrained is not None and (why := why_untrained(plan, pretrained)):
                        outcome.left_out[str(plan.address)] = why
                        continue
                    missing.append(_Cell(Job(plan, self.settings), status, outcome))
                    if status.state in ("damaged", "stale"):
                        why = f"{status.state}: {plan.address}: {status.reason}"
                        self.progress.line(f"{why}; it is set aside and run again")
                    continue
                if status.state == "done":
                    Job(plan, self.settings).lock.clean_up()
                    lacking |= dict.fromkeys(lacking_metrics(plan, status).items(), plan)
                record(outcome, plan, status)
        self.progress.begin(len(missing), sum(len(outcome.found) for outcome in outcomes))
        self._forecast([cell.job.plan for cell in missing])
        for line in lacking_lines(lacking, self.settings.results, self.settings.plugins):
            self.progress.line(line)
        self._run_all(missing)
        if pretrained is not None:
            for table, outcome in zip(tables, outcomes, strict=True):
                each = (agreement_of(one, self.settings.results, pretrained) for one in table.cells)
                outcome.agreements = [one for one in each if one]
        return outcomes

    def _forecast(self, plans: Sequence[CellPlan]) -> None:
        """Say how long the cells will take, where this machine computes them."""
        if self.settings.pretrained or not self.forecasts or self.backend.remote:
            return
        expected = forecast(plans, self.settings.results, self.settings.device, self.backend.jobs)
        titles = (str(plan.address) for plan in plans)
        self.progress.forecast(dict(zip(titles, expected.cells, strict=True)))
        if text := str(expected):
            self.progress.line(f"it takes {text} on this machine")

    def _run_all(self, missing: Sequence[_Cell]) -> None:
        cells = _Unfinished(deque(missing))
        try:
            while cells.waiting or cells.running:
                self._start_some(cells)
                if cells.running:
                    self._wait(cells)
                elif cells.waiting:
                    self._wait_for_others(cells)
        except KeyboardInterrupt:
            self.backend.stop()
            for started in cells.running.values():
                if started.lock.checkpoint.exists():
                    started.shown.line(f"    checkpoint kept: {started.lock.checkpoint}")
            raise
        finally:
            self.backend.close()
            for started in cells.running.values():
                if not self.backend.remote:
                    started.lock.release()

    def _start_some(self, cells: _Unfinished) -> None:
        """Start cells that no other run is computing, as long as the backend has room."""
        busy = []
        while cells.waiting and self.backend.has_room:
            cell = cells.waiting.popleft()
            job, lock = cell.job, cell.job.lock
            if not self.backend.remote and not lock.acquire():
                busy.append(cell)
                continue
            cells.number += 1
            title = str(job.plan.address)
            shown = self.progress.beside(cells.number) if self.backend.several else self.progress
            cells.running[job.plan.address] = _Started(cell, lock, shown)
            if self.backend.remote:
                shown.expect(cells.number, title)
                self.backend.start(job, shown)
                continue
            shown.cell(cells.number, title, announce=cells.announced)
            if now := self._stored_since(cell):
                record(cell.outcome, job.plan, now)
                self._end(cells, job, now)
                continue
            following = cells.waiting[0].job if cells.waiting else None
            device = self.settings.device.title
            listener = RecordedProgress(shown, lock.progress, title, device)
            self.backend.start(job, listener, following=following)
        cells.waiting += busy

    def _wait_for_others(self, cells: _Unfinished) -> None:
        """Wait for a moment, as other runs are computing all cells that are left."""
        if not cells.announced:
            cells.announced = True
            self.progress.line(
                f"waiting for cells that another run is computing: {len(cells.waiting)}"
            )
        time.sleep(_POLL_INTERVAL)

    def _wait(self, cells: _Unfinished) -> None:
        """Wait for the backend for a moment, and record the cells that have ended."""
        for job, result in self.backend.wait():
            if result.kind == "refused":
                raise RequestError(result.reason)
            cell = cells.running[job.plan.address].cell
            now = self._status_after(cell, result)
            outcome, title = cell.outcome, str(job.plan.address)
            if now.state == "failed":
                outcome.failed[title] = now.reason
            elif now.state == "done":
                outcome.done.append(title)
            else:
                outcome.open[title] = now.reason
            self._end(cells, job, now)

    def _end(self, cells: _Unfinished, job: Job, status: Status) -> None:
        """Release a cell that is stored, done or failed."""
        started = cells.running.pop(job.plan.address)
        if not self.backend.remote:
            if status.state == "done":
                started.lock.delete_checkpoint()
            started.lock.delete_job()
            started.lock.release()
        state = "failed" if status.state == "failed" else "not finished"
        started.shown.cell_ended(status.reason, state)

    def _stored_since(self, cell: _Cell) -> Status | None:
        """Return the status of a cell if it was stored since the run started."""
        now = status_of(cell.job.plan, self.settings.results)
        unchanged = cell.before.cell and now.cell and cell.before.cell.facts == now.cell.facts
        return now if now.is_current and not unchanged else None

    def _status_after(self, cell: _Cell, result: JobResult) -> Status:
        """Return the status on disk; store a failure if the cell is not there.

        The result alone is not enough: a process may die after storing its cell, or may report
        "done" without one. A lost machine is no failure of a cell.
        """
        if (now := self._stored_since(cell)) and (now.state == "done" or self.backend.remote):
            return now
        if result.kind != "failed":
            reason = result.reason or f"it ended as {result.kind}, and there is no cell"
            if self.backend.remote:
                return Status("missing", reason)
            result = JobResult("failed", f"it ended as {result.kind}, and there is no cell")
        cell.job.store_failure(result)
        return Status("failed", result.reason)
