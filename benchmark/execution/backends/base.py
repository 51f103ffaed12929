"""Interface of backends: where and how jobs run."""

from abc import ABC, abstractmethod

from benchmark.execution.job import Job, JobResult
from benchmark.execution.listeners.progress import Progress


class Backend(ABC):
    """Runs jobs."""

    @abstractmethod
    def run(self, job: Job, progress: Progress, *, following: Job | None = None) -> JobResult:
        """Run a job to its end.

        Args:
            job: the cell to compute; the caller holds its lock.
            progress: receives training steps, test scenes and the method's output.
            following: the job that most likely follows, so that its start can be prepared.

        Returns:
            How the job ended.

        Raises:
            KeyboardInterrupt: the user stopped the run; a training has left a checkpoint.
        """

    def close(self) -> None:  # noqa: B027 - most backends prepare nothing
        """Release everything that was prepared for further jobs."""
