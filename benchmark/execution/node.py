"""Run cells on the machine that a cluster has given to them, for a run elsewhere.

The run sends orders: cells without anything that depends on its own machine. The node looks for its
own device, describes itself, and runs the suite's own runner. Orders are JSON-serialisable.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch

from benchmark.engine.machine.device import choose
from benchmark.engine.machine.environment import command_line, describe, usable_cores
from benchmark.errors import RequestError
from benchmark.execution.backends.process import ProcessBackend
from benchmark.execution.backends.worker_process import GRACE_PERIOD
from benchmark.execution.computation.job import ChangedError, Job, JobResult
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.listeners.recording import machine
from benchmark.execution.planning.plan import CellPlan
from benchmark.execution.planning.status import status_of
from benchmark.execution.runner import Runner
from benchmark.method import IterativeMethod, NetworkMethod

Order = dict[str, Any]


@dataclass(frozen=True)
class Terms:
    """How the nodes of a run compute its cells.

    Attributes:
        device: "auto", "cpu" or "cuda".
        threads: threads of a cell; 0 for the cores that its job may use.
        cell_timeout: seconds that a cell may take; 0 for no limit.
        command: the command line of the run, which is stored with the cells.
    """

    device: str = "auto"
    threads: int = 0
    cell_timeout: float = 0.0
    command: str = ""

    @classmethod
    def here(cls, device: str, cell_timeout: float) -> Self:
        """Return the terms of a run that this process was started for."""
        return cls(device, 0, cell_timeout, command_line())


def order(job: Job, terms: Terms) -> Order:
    """Return a cell as it is sent to another machine.

    Args:
        job: the cell.
        terms: how to compute it. A method that trains no network and has no loop of its own gets no
            GPU, unless "cuda" asks for it.
    """
    if terms.device == "auto" and not is_heavy(job.plan):
        terms = replace(terms, device="cpu")
    now = status_of(job.plan, job.settings.results)
    failed = now.cell.facts["date"] if now.cell and now.state == "failed" else None
    address = job.plan.address
    return {
        **job.order(),
        "address": asdict(address),
        "title": str(address),
        "terms": asdict(terms),
        "again": failed,
    }


def is_heavy(plan: CellPlan) -> bool:
    """Return True for a cell that trains a network, or iterates: one that is worth a GPU."""
    return isinstance(plan.method, NetworkMethod | IterativeMethod)


class Node:
    """Runs cells on this machine, one after the other.

    Args:
        orders: the cells, all of one run.
        progress: receives the progress.
        scratch: where to put results and prepared scenes if the folders of the run cannot be
            reached from here; None where they can.
        grace: seconds that a training has to write its checkpoint when the node is stopped.

    Attributes:
        jobs: the cells as jobs of this machine; none if they are refused.
    """

    def __init__(
        self,
        orders: Sequence[Order],
        progress: Progress,
        scratch: Path | None = None,
        grace: float = GRACE_PERIOD,
    ) -> None:
        self._orders, self._progress = orders, progress
        self._backend = ProcessBackend(orders[0]["terms"]["cell_timeout"], grace=grace)
        self._refused = ""
        self.jobs: list[Job] = []
        try:
            self.jobs = [_job(one, scratch) for one in orders]
        except RequestError as error:
            self._refused = f"on {machine()}: {error}"
        except ChangedError as error:
            other = f"{machine()} has other sources or data than the machine that sent the cell"
            self._refused = f"{other}: {error}"

    def run(self) -> list[JobResult]:
        """Run the cells.

        Returns:
            How each cell ended; the numbers, and the reason of a failure, are in the results
            folder.

        Raises:
            KeyboardInterrupt: the node has to stop; trainings have left checkpoints.
        """
        if self._refused:
            return [JobResult("refused", self._refused)] * len(self._orders)
        pairs = zip(self.jobs, self._orders, strict=True)
        waiting = [job.plan for job, one in pairs if _is_open(job, one)]
        settings, why = self.jobs[0].settings, ""
        try:
            Runner(settings, self._progress, self._backend, retry_failed=True, forecasts=False).run(
                waiting
            )
        except RequestError as error:
            why = f"on {machine()}: {error}"
        pairs = zip(self.jobs, self._orders, strict=True)
        return [_result(job, one, why) for job, one in pairs]

    def current(self) -> list[Job]:
        """Return the cell that is computed now; none between two."""
        return [job for job in self.jobs if job.lock.progress.exists()]

    def stop(self) -> None:
        """End the cell that is computed now; its training leaves a checkpoint."""
        self._backend.stop()


def _job(one: Order, scratch: Path | None) -> Job:
    """Build the job of an order on this machine.

    Raises:
        RequestError: the device or the data are missing here.
        ChangedError: the method's source, the data or the engine are others here.
    """
    terms = Terms(**one["terms"])
    device = choose(terms.device)
    torch.set_num_threads(terms.threads or usable_cores())
    values = {**one}
    if scratch is not None:
        values["results"] = str(scratch / "results")
        values["data"] = {**one["data"], "cache": str(scratch / "cache")}
    return Job.from_json(
        {
            **values,
            "device": [str(device.torch), device.bfloat16],
            "threads": torch.get_num_threads(),
            "environment": describe(device, terms.command),
        }
    )


def _is_open(job: Job, one: Order) -> bool:
    """Return True if a cell is to be run: not if it failed after the order was given."""
    now = status_of(job.plan, job.settings.results)
    return not (now.state == "failed" and now.cell and now.cell.facts["date"] != one["again"])


def _result(job: Job, one: Order, why: str) -> JobResult:
    now = status_of(job.plan, job.settings.results)
    if now.state == "done":
        return JobResult("done")
    if now.state == "failed" and not (why and _is_open(job, one)):
        return JobResult("failed", now.reason)
    return JobResult("refused", why or f"on {machine()}: it ended without a cell")
