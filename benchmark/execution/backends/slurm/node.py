"""The part of the SLURM backend that runs in its jobs: cells, checkpoints, and the end of a job."""

import hashlib
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.execution.backends.worker_process import GRACE_PERIOD
from benchmark.execution.computation.job import Job, JobResult
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.listeners.recording import read_record, write_record
from benchmark.execution.node import Node, Order
from benchmark.store.files import without_locks

# Seconds that a job may live on after SIGTERM; SLURM ends it long before.
_LINGER = 600.0


class CellTask:
    """Cells that one job computes, one after the other; submitit calls it.

    SLURM may end a job at any time. If it says so before, by SIGUSR2 when the time limit is near or
    by SIGTERM otherwise, the training writes a checkpoint. A job that is queued again goes on from
    it, and skips the cells that are done.

    Args:
        orders: the cells, as `benchmark.execution.node.order` returns them.
        minutes: time limit of the job.
        warning: seconds before the time limit at which SIGUSR2 comes.
    """

    def __init__(self, orders: Sequence[Order], minutes: int, warning: int) -> None:
        self._orders = list(orders)
        self._minutes, self._warning = minutes, warning
        self._node: Node | None = None
        self._began = time.monotonic()
        self._before: dict[str, str] = {}

    def __call__(self) -> None:
        """Run the cells; what they gave is in the results folder."""
        self._began = time.monotonic()
        signal.signal(signal.SIGTERM, self._end)  # after submitit, which would ignore it
        progress = Progress()
        with without_locks(progress.line):
            # Half of the time is for the checkpoint; SLURM has to queue the job again in the rest.
            grace = max(GRACE_PERIOD, self._warning / 2)
            self._node = Node(self._orders, progress, grace=grace)
            self._before = {job.plan.key: _state(job) for job in self._node.jobs}
            results = self._node.run()
        for one, result in zip(self._orders, results, strict=True):
            if result.kind == "refused":
                note_refusal(one, result.reason)

    def checkpoint(self) -> Any:
        """Stop with a checkpoint; called by submitit, which then queues the job again.

        A cell that used a whole job up to its time limit and gained nothing would go on for ever:
        it has failed.
        """
        import submitit

        node, self._node = self._node, None
        ran = time.monotonic() - self._began
        if node is not None:
            node.stop()
            limit = self._minutes * 60 - self._warning
            if ran >= limit - 60:  # SLURM sends the signal up to a minute early
                for job in node.current():
                    if self._before.get(job.plan.key) == _state(job):
                        job.store_failure(JobResult("failed", _no_gain(self._minutes)))
                        job.lock.delete_job()
        return submitit.helpers.DelayedSubmission(
            CellTask(self._orders, self._minutes, self._warning)
        )

    def _end(self, *_: object) -> None:
        """Write a checkpoint, and wait for the end that SLURM has announced.

        A job that ended by itself now would not be queued again after a preemption.
        """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self._node is not None:
            self._node.stop()
        time.sleep(_LINGER)
        os._exit(1)


def note_refusal(one: Order, reason: str) -> None:
    """Leave the reason why a node refused a cell where the run that submitted it finds it."""
    file = Path(one["queued"])
    write_record(file, {**read_record(file), "refused": reason})


def _state(job: Job) -> str:
    """Return a hash of the checkpoint of a cell; "" if there is none."""
    try:
        return hashlib.sha256(job.lock.checkpoint.read_bytes()).hexdigest()
    except OSError:
        return ""


def _no_gain(minutes: int) -> str:
    return (
        f"it gained no step in a whole job of {minutes} minutes; give it a longer --time, or a "
        "shorter --checkpoint-every"
    )
