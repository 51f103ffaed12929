"""Interface of backends: where jobs run, and how many of them at a time."""

from abc import ABC, abstractmethod

from benchmark.execution.computation.job import Job, JobResult
from benchmark.execution.listeners.cell import CellListener

Ended = tuple[Job, JobResult]


class Backend(ABC):
    """Runs jobs, each of which is one cell.

    The runner starts jobs while there is room, and waits for those that end. A backend decides
    where a job runs and when; what it computes is the same everywhere.

    Attributes:
        remote: True if jobs run on machines that lock, describe and store their cells themselves.
            Otherwise the runner does it, on this machine.
    """

    remote: bool = False

    @property
    def jobs(self) -> int:
        """The largest number of jobs at a time on this machine."""
        return 1

    @property
    def several(self) -> bool:
        """True if jobs may run at the same time."""
        return self.remote or self.jobs > 1

    @property
    @abstractmethod
    def has_room(self) -> bool:
        """True if another job can be started now."""

    @abstractmethod
    def start(self, job: Job, listener: CellListener, *, following: Job | None = None) -> None:
        """Start a job.

        Args:
            job: the cell to compute; the caller holds its lock, unless the backend is remote.
            listener: receives training steps, test scenes and the method's output.
            following: the job that most likely follows, so that its start can be prepared.
        """

    @abstractmethod
    def wait(self) -> list[Ended]:
        """Wait until a job ends, or for about half a second.

        Returns:
            The jobs that have ended, and how.

        Raises:
            KeyboardInterrupt: the user stopped the run.
        """

    def stop(self) -> None:  # noqa: B027 - a job in this process has stopped by itself
        """End the jobs that are running, because the user stopped the run; checkpoints are kept."""

    def close(self) -> None:  # noqa: B027 - most backends prepare nothing
        """Release everything, and kill the jobs that are still running."""
