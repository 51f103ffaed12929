"""What every backend offers: run one job, show its progress, return how it ended."""

from abc import ABC, abstractmethod

from benchmark.execution.job import Job, JobResult
from benchmark.execution.listeners.progress import Progress


class Backend(ABC):
    """Where jobs run."""

    @abstractmethod
    def run(self, job: Job, progress: Progress, *, more: bool) -> JobResult:
        """Run a job to its end.

        Args:
            job: which cell; its lock is held by the caller.
            progress: is shown training steps, test scenes and the method's output.
            more: True where another job follows, so that its start can be prepared.

        Raises:
            KeyboardInterrupt: the user stopped the run; a training has left a checkpoint.
        """

    def close(self) -> None:  # noqa: B027 - most backends prepare nothing
        """End whatever was prepared for jobs that do not come."""
