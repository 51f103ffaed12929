"""Backend in this process, where a debugger can stop in a method."""

from benchmark.execution.backends.base import Backend
from benchmark.execution.job import Job, JobResult, run_job
from benchmark.execution.listeners.progress import Progress


class InlineBackend(Backend):
    """Runs jobs in this process; a method that ends its process ends the run."""

    def run(self, job: Job, progress: Progress, *, following: Job | None = None) -> JobResult:
        """Run a job to its end; there is no time limit."""
        return run_job(job, progress, lambda: False, progress.line)
