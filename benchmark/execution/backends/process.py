"""Backend of worker processes, one per cell: if one of them crashes, the run continues."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from benchmark.execution.backends.base import Backend, Ended
from benchmark.execution.backends.fork_server import AVAILABLE, ForkServer, ServerEndedError
from benchmark.execution.backends.worker_process import (
    GRACE_PERIOD,
    Event,
    StartedProcess,
    Worker,
    stop_all,
)
from benchmark.execution.computation.job import Job, JobResult
from benchmark.execution.listeners.cell import CellListener
from benchmark.method import NetworkMethod

# Lines of a worker's output that are echoed: a method that prints at every step is cut short.
MAX_ECHOED_LINES = 40
# Interval between checks whether a worker is alive, in seconds.
_POLL_INTERVAL = 0.5
# Events of one worker that are forwarded before those of the others.
_MAX_EVENTS = 1000


class ProcessBackend(Backend):
    """Runs every job in a process of its own.

    On a CPU under Linux a fork server starts it in no time; elsewhere it is started, and imports,
    while the job before it runs.

    Args:
        timeout: seconds that a job may take; 0 for no limit.
        jobs: the largest number of jobs at a time.
        grace: seconds that a worker has to write its checkpoint when it is told to stop.
    """

    def __init__(self, timeout: float = 0, jobs: int = 1, grace: float = GRACE_PERIOD) -> None:
        self._timeout = timeout
        self._jobs = jobs
        self._grace = grace
        self._running: list[_Running] = []
        # Each runs one worker at a time.
        self._idle_servers: list[ForkServer] = []
        self._next: Worker | None = None

    @property
    def jobs(self) -> int:
        """The largest number of jobs at a time."""
        return self._jobs

    @property
    def has_room(self) -> bool:
        """True if fewer than `jobs` are running."""
        return len(self._running) < self._jobs

    def start(self, job: Job, listener: CellListener, *, following: Job | None = None) -> None:
        """Start a job in a worker process; if the process dies, the job has failed."""
        worker, server = self._next, None
        if worker is None or not worker.alive:
            worker, server = self._worker_for(job)
        self._next = None
        events = worker.work(job.to_json(), self._timeout, _POLL_INTERVAL / self._jobs)
        self._running.append(_Running(job, listener, worker, server, events))
        if following and not _forks(following):
            self._next = Worker(_started(following))  # it imports while this one computes

    def wait(self) -> list[Ended]:
        """Forward what the workers send, for about half a second."""
        ended: list[Ended] = []
        for running in list(self._running):
            if result := running.forward():
                running.worker.kill()
                self._running.remove(running)
                if running.server:
                    self._idle_servers.append(running.server)
                ended.append((running.job, result))
        return ended

    def stop(self) -> None:
        """Ask every worker to write a checkpoint and end; kill it after a grace period."""
        try:
            stop_all([running.worker for running in self._running], self._grace)
        finally:
            self.close()

    def _worker_for(self, job: Job) -> "tuple[Worker, ForkServer | None]":
        """Start a worker, and return the fork server that it belongs to, if there is one."""
        if _forks(job):
            server = self._idle_servers.pop() if self._idle_servers else ForkServer()
            try:
                return Worker(server.start(trains=_trains(job))), server
            except ServerEndedError:
                server.close()
        return Worker(_started(job)), None

    def close(self) -> None:
        """End all processes, fork servers and the one that was started for the next job too."""
        for running in self._running:
            running.worker.kill()
            if running.server:
                running.server.close()
        for server in self._idle_servers:
            server.close()
        self._running, self._idle_servers = [], []
        if self._next:
            self._next.kill()
            self._next = None


@dataclass
class _Running:
    """A job that a worker computes."""

    job: Job
    listener: CellListener
    worker: "Worker"
    server: ForkServer | None
    events: Iterator[Event | None]
    echoed: int = 0

    def forward(self) -> JobResult | None:
        """Forward what the worker has sent; return the result if it has ended."""
        for event in islice(self.events, _MAX_EVENTS):
            if event is None:
                break
            kind, *values = event
            if kind == "ended":
                result: JobResult = values[0]
                return result
            if kind == "printed":
                self.echoed += 1
                if self.echoed <= MAX_ECHOED_LINES:
                    self.listener.line(f"    | {values[0]}")
            else:
                getattr(self.listener, kind)(*values)
        self.listener.alive()
        return None


def _forks(job: Job) -> bool:
    return AVAILABLE and job.settings.device.torch.type == "cpu"


def _trains(job: Job) -> bool:
    return isinstance(job.plan.method, NetworkMethod)


def _started(job: Job) -> "StartedProcess":
    """Start a worker by itself, which imports while it waits for the job."""
    return StartedProcess(
        f"from benchmark.execution.backends.worker import main; main(trains={_trains(job)})"
    )
