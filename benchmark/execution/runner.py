"""Run the cells of an experiment that are not stored yet; failures do not stop the run."""

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.engine.machine import environment
from benchmark.errors import RequestError, listed
from benchmark.execution.backends.base import Backend
from benchmark.execution.backends.inline import InlineBackend
from benchmark.execution.backends.process import ProcessBackend
from benchmark.execution.forecast import forecast
from benchmark.execution.job import Job, JobResult, Settings
from benchmark.execution.listeners import tensorboard
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.plan import CellPlan, plan_tables
from benchmark.execution.pretrained import (
    Agreement,
    agreement_of,
    require_weights,
    why_untrained,
)
from benchmark.execution.request import Experiment, check_writable
from benchmark.execution.status import Status, status_of
from benchmark.metric import METRICS

# Interval between checks of cells that another run is computing, in seconds.
_POLL_INTERVAL = 0.5


@dataclass(frozen=True)
class RunOptions:
    """How to run cells, without effect on their numbers.

    Attributes:
        retry_failed: True runs failed cells again.
        cell_timeout: seconds that a cell may take; 0 for no limit.
        checkpoint_every: seconds from one checkpoint of a training to the next.
        isolated: False runs the cells in this process instead of one worker process each.
        tensorboard: True writes training curves for TensorBoard.
        pretrained: a results folder; networks are scored with its weights instead of trained.
    """

    retry_failed: bool = False
    cell_timeout: float = 0.0
    checkpoint_every: float = 60.0
    isolated: bool = True
    tensorboard: bool = False
    pretrained: Path | None = None


@dataclass
class Outcome:
    """The outcome of one table; its cells are named by their addresses.

    Attributes:
        label: label of the table's data.
        done: cells that this run computed.
        found: cells that were stored already.
        failed: failed cells, and the reason of each.
        left_out: cells that were to be scored without training, and why they cannot.
        agreements: of the scores with stored weights, with those stored beside them.
    """

    label: str = ""
    done: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    agreements: list[Agreement] = field(default_factory=list)


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
    check_writable(experiment.results)
    tables = list(plan_tables(experiment, progress))
    if options.pretrained is not None:
        require_weights([plan for table in tables for plan in table.cells], options.pretrained)
    settings = Settings(
        results=experiment.results,
        device=experiment.device,
        environment=environment.describe(experiment.device),
        plugins=experiment.plugins,
        checkpoint_every=options.checkpoint_every,
        tensorboard=options.tensorboard,
        pretrained=options.pretrained,
    )
    backend = ProcessBackend(options.cell_timeout) if options.isolated else InlineBackend()
    runner = Runner(settings, progress, backend, retry_failed=options.retry_failed)
    return [runner.run(table.cells, table.label) for table in tables]


class Runner:
    """Runs planned cells one after the other.

    Args:
        settings: where to store cells, and how to compute them.
        progress: receives the progress.
        backend: runs the jobs.
        retry_failed: True runs failed cells again.
    """

    def __init__(
        self,
        settings: Settings,
        progress: Progress,
        backend: Backend,
        *,
        retry_failed: bool = False,
    ) -> None:
        self.settings = settings
        self.progress = progress
        self.backend = backend
        self.retry_failed = retry_failed

    def run(self, plans: Sequence[CellPlan], label: str = "") -> Outcome:
        """Run the cells that are not stored yet; wait for those that another run is computing.

        Args:
            plans: the cells.
            label: label of the table's data.

        Raises:
            RequestError: the results folder cannot be written to, or a data set's file cannot
                be read, which every later cell would meet too.
        """
        outcome = Outcome(label)
        missing, lacking = [], dict[str, None]()
        pretrained = self.settings.pretrained
        for plan in plans:
            status = status_of(plan, self.settings.results)
            if not status.is_current or (status.state == "failed" and self.retry_failed):
                if pretrained is not None and (why := why_untrained(plan, pretrained)):
                    outcome.left_out[str(plan.address)] = why
                    continue
                missing.append((Job(plan, self.settings), status))
                if status.state in ("damaged", "stale"):
                    why = f"{status.state}: {plan.address}: {status.reason}"
                    self.progress.line(f"{why}; it is set aside and run again")
                continue
            if status.state == "done":
                Job(plan, self.settings).lock.clean_up()
                lacking |= dict.fromkeys(_lacking(plan, status))
            _record(outcome, plan, status)
        self.progress.begin(len(missing), len(outcome.found))
        due = [job.plan for job, _ in missing] if pretrained is None else []
        expected = forecast(due, self.settings.results, self.settings.device)
        if str(expected):
            self.progress.line(f"it takes {expected} on this machine")
        if lacking:
            command = f"python run_all.py score --metrics {shlex.quote(','.join(lacking))}"
            self.progress.line(f"stored cells lack {listed(lacking)}; add them with: {command}")
        try:
            self._run_all(missing, outcome)
        finally:
            self.backend.close()
        if pretrained is not None:
            compared = (agreement_of(plan, self.settings.results, pretrained) for plan in plans)
            outcome.agreements = [one for one in compared if one]
        return outcome

    def _run_all(self, missing: Sequence[tuple[Job, Status]], outcome: Outcome) -> None:
        waiting, number, announced = list(missing), 0, False
        while waiting:
            busy = []
            for index, (job, before) in enumerate(waiting):
                lock = job.lock
                if not lock.acquire():
                    busy.append((job, before))
                    continue
                number += 1
                self.progress.cell(number, str(job.plan.address))
                following = waiting[index + 1][0] if index + 1 < len(waiting) else None
                try:
                    status = self._run_one(job, before, outcome, following)
                    if status.state == "done":
                        lock.delete_checkpoint()
                except KeyboardInterrupt:
                    if lock.checkpoint.exists():
                        self.progress.line(f"    checkpoint kept: {lock.checkpoint}")
                    raise
                finally:
                    lock.release()
                self.progress.cell_ended(status.reason)
            if len(busy) == len(waiting):
                if not announced:
                    announced = True
                    self.progress.line(
                        f"waiting for cells that another run is computing: {len(busy)}"
                    )
                time.sleep(_POLL_INTERVAL)
            waiting = busy

    def _run_one(self, job: Job, before: Status, outcome: Outcome, following: Job | None) -> Status:
        """Compute a cell whose lock is held, unless another run has stored it in the meantime."""
        now = status_of(job.plan, self.settings.results)
        unchanged = before.cell and now.cell and before.cell.facts == now.cell.facts
        if now.is_current and not unchanged:
            _record(outcome, job.plan, now)
            return now
        result = self.backend.run(job, self.progress, following=following)
        if result.kind == "refused":
            raise RequestError(result.reason)
        now = self._status_after(job, result)
        if now.state == "failed":
            outcome.failed[str(job.plan.address)] = now.reason
        else:
            outcome.done.append(str(job.plan.address))
        return now

    def _status_after(self, job: Job, result: JobResult) -> Status:
        """Return the status on disk; store a failure if the cell is not there.

        The result alone is not enough: a process may die after storing its cell, or may report
        "done" without one.
        """
        now = status_of(job.plan, self.settings.results)
        if now.state == "done":
            return now
        if result.kind != "failed":
            result = JobResult("failed", f"it ended as {result.kind}, and there is no cell")
        job.store_failure(result)
        return Status("failed", result.reason)


def _lacking(plan: CellPlan, status: Status) -> list[str]:
    """Return the metrics of a plan that its stored cell does not have."""
    stored = status.cell.facts.get("metrics") if status.cell else None
    known = stored if isinstance(stored, list) else []
    names = [facts.get("name") for facts in known if isinstance(facts, dict)]
    return [label for label in map(METRICS.label, plan.metrics) if label not in names]


def _record(outcome: Outcome, plan: CellPlan, status: Status) -> None:
    """Record a cell that is stored already."""
    if status.state == "failed":
        outcome.failed[str(plan.address)] = status.reason
    else:
        outcome.found.append(str(plan.address))
