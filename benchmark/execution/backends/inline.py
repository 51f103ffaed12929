"""Backend in this process, where a debugger can stop in a method."""

from benchmark.execution.backends.base import Backend, Ended
from benchmark.execution.computation.job import Job, run_job
from benchmark.execution.listeners.cell import CellListener


class InlineBackend(Backend):
    """Runs jobs in this process; a method that ends its process ends the run."""

    def __init__(self) -> None:
        self._started: tuple[Job, CellListener] | None = None

    @property
    def has_room(self) -> bool:
        """True if no job is waiting to be run."""
        return self._started is None

    def start(self, job: Job, listener: CellListener, *, following: Job | None = None) -> None:
        """Accept a job, which `wait` runs."""
        self._started = job, listener

    def wait(self) -> list[Ended]:
        """Run the job to its end; there is no time limit."""
        if self._started is None:
            return []
        job, listener = self._started
        self._started = None
        return [(job, run_job(job, listener, lambda: False, listener.line))]
