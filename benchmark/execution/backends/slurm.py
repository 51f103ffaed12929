"""Backend on SLURM: arrays of jobs, which go on when the run that submitted them has ended."""

import math
import secrets
import shlex
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark import CHECKOUT
from benchmark.errors import RequestError, counted, plain
from benchmark.execution.backends import slurm_queue
from benchmark.execution.backends.base import Backend, Ended
from benchmark.execution.backends.cluster import SlurmOptions
from benchmark.execution.backends.packing import packed
from benchmark.execution.backends.slurm_node import CellTask
from benchmark.execution.backends.slurm_queue import BusyError, QueuedJob
from benchmark.execution.job import Job, JobResult
from benchmark.execution.listeners.cell import CellListener
from benchmark.execution.listeners.recording import described, read_record, write_record
from benchmark.execution.node import Terms, is_heavy, order
from benchmark.execution.status import status_of
from benchmark.store.lock import QUEUED, WORK

# Seconds between two looks at the results folder, and between two questions to SLURM.
_POLL, _ASK = 1.0, 5.0
# Seconds after which a cell whose job is gone is lost: its files may take a while to be seen here.
_PATIENCE = 10.0
# Jobs are told so many seconds before their time limit.
_WARNING = 90
_INSTALL = "install it with: pip install submitit"


class SlurmBackend(Backend):
    """Submits cells as arrays of jobs, and watches the results folder, which the nodes share.

    What was submitted is written down beside each cell, so that the same command does not submit
    it again as long as SLURM has it.

    Args:
        options: what a job gets.
        terms: how the nodes compute a cell.
        results: the results folder.
        report: called with lines for the user.

    Raises:
        RequestError: submitit or SLURM's commands are missing, or SLURM does not answer.
    """

    remote = True

    def __init__(
        self, options: SlurmOptions, terms: Terms, results: Path, report: Callable[[str], None]
    ) -> None:
        slurm_queue.require("sbatch", "squeue", "scancel", "srun")
        self._submitit = _imported()
        self._options, self._results, self._report = options, results, report
        self._terms = replace(terms, threads=options.cpus)
        self._cells: list[_Cell] = []
        self._logs = results.absolute() / WORK / "slurm"
        self._queue = slurm_queue.persistently(slurm_queue.queue, report)
        self._asked = time.monotonic()
        self._submitted = False

    @property
    def has_room(self) -> bool:
        """True: SLURM queues everything."""
        return True

    def start(self, job: Job, listener: CellListener, *, following: Job | None = None) -> None:
        """Keep a cell for `wait`, which submits all of them together."""
        self._cells.append(_Cell(job, listener))

    def wait(self) -> list[Ended]:
        """Submit what SLURM does not have yet, then look which cells have ended."""
        if not self._submitted:
            self._submitted = True
            self._submit_missing()
        if self._options.submit:
            ended = [(cell.job, JobResult("queued", f"job {cell.name}")) for cell in self._cells]
            self._cells = []
            return ended
        time.sleep(_POLL)
        self._ask()
        ended = []
        for cell in list(self._cells):
            if result := cell.look():
                self._cells.remove(cell)
                ended.append((cell.job, result))
        return ended

    def stop(self) -> None:
        """Leave the jobs to SLURM, and say how to look at them and how to end them."""
        jobs = {cell.job_id for cell in self._cells if cell.job_id}
        self._report(
            f"{counted(len(jobs), 'job')} of SLURM go on; look: python run_all.py status, end: "
            "python run_all.py stop, or repeat the command to wait for them again"
        )

    def close(self) -> None:
        """Delete the logs of jobs that have done all they had to do."""
        left = self._cells or self._options.submit or any(_notes(self._results))
        if not left and self._logs.exists():
            shutil.rmtree(self._logs, ignore_errors=True)
            with suppress(OSError):
                self._logs.parent.rmdir()

    def _submit_missing(self) -> None:
        """Submit the cells that SLURM does not have; adopt the others."""
        missing, kept = [], set()
        for cell in self._cells:
            if cell.adopt(self._queue):
                kept.add(cell.job_id)
            else:
                missing.append(cell)
        if kept:
            self._report(f"{counted(len(kept), 'job')} are queued or running already")
        with_gpu: list[_Cell] = []
        without: list[_Cell] = []
        for cell in missing:
            gpu = self._terms.device == "cuda" or is_heavy(cell.job.plan)
            (with_gpu if self._options.gpus and gpu else without).append(cell)
        for cells, gpus in ((with_gpu, self._options.gpus), (without, 0)):
            if cells:
                self._submit(packed(cells, lambda cell: cell.job.plan, self._results), gpus)

    def _submit(self, packs: Sequence[Sequence["_Cell"]], gpus: int) -> None:
        """Submit an array, with a pack of cells for each task."""
        name = f"hsisr-{secrets.token_hex(4)}"
        warning = min(_WARNING, self._options.minutes * 60 // 4)
        tasks = []
        for number, pack in enumerate(packs):
            for cell in pack:
                cell.note(name, number)  # before SLURM has it: the same command must find it
            orders = [
                {**order(cell.job, self._terms), "queued": str(cell.job.lock.queued.absolute())}
                for cell in pack
            ]
            tasks.append(CellTask(orders, self._options.minutes, warning))
        executor = self._executor(name, gpus, warning)

        def submit() -> list[Any]:
            try:
                submitted: list[Any] = executor.submit_array(tasks)
            except (self._submitit.core.utils.FailedJobError, OSError) as error:
                # It may have been accepted all the same.
                slurm_queue.cancel_named(name)
                raise BusyError(plain(error)) from error
            return submitted

        try:
            jobs = slurm_queue.persistently(submit, self._report)
        except BaseException:
            for cell in (cell for pack in packs for cell in pack):
                cell.job.lock.delete_job()
            raise
        for job, pack in zip(jobs, packs, strict=True):
            for cell in pack:
                cell.submitted(job.job_id)
        first = jobs[0].job_id.partition("_")[0]
        cells = counted(sum(map(len, packs)), "cell")
        share = f"{gpus} GPU, " if gpus else ""
        self._report(
            f"submitted {cells} as {counted(len(packs), 'job')} {first} ({share}"
            f"{counted(self._options.cpus, 'core')} each)"
        )

    def _executor(self, name: str, gpus: int, warning: int) -> Any:
        options = self._options
        executor = self._submitit.SlurmExecutor(folder=self._logs / "%j", max_num_timeout=10**6)
        further: dict[str, Any] = {"requeue": True, **options.further}
        parameters: dict[str, Any] = {
            "job_name": name,
            "time": options.minutes,
            "cpus_per_task": options.cpus,
            "signal_delay_s": warning,
            "setup": [
                f"export PYTHONPATH={shlex.quote(str(CHECKOUT))}${{PYTHONPATH:+:$PYTHONPATH}}"
            ],
            "additional_parameters": further,
            "wckey": None,
        }
        if options.at_most:
            parameters["array_parallelism"] = options.at_most
        if options.partition:
            parameters["partition"] = options.partition
        if options.memory:
            parameters["mem"] = options.memory
        if gpus:
            parameters["gpus_per_node"] = gpus
        executor.parameters.update(parameters)
        return executor

    def _ask(self) -> None:
        """Ask SLURM which jobs it has, from time to time; a busy controller changes nothing."""
        if time.monotonic() - self._asked < _ASK:
            return
        self._asked = time.monotonic()
        try:
            self._queue = slurm_queue.queue()
        except BusyError:
            return
        for cell in self._cells:
            cell.match(self._queue)


@dataclass
class _Cell:
    """A cell that SLURM is to compute."""

    job: Job
    listener: CellListener
    name: str = ""
    task: int = 0
    job_id: str = ""
    gone_since: float = math.inf
    place: str = ""
    step: int = -1

    def note(self, name: str, task: int) -> None:
        """Write down which job the cell is going to be part of."""
        self.name, self.task = name, task
        self._write()

    def submitted(self, job_id: str) -> None:
        """Write down the job's identifier; it may have ended already."""
        self.job_id = job_id
        self._write()
        if status_of(self.job.plan, self.job.settings.results).is_current:
            self.job.lock.delete_job()

    def adopt(self, queue: Sequence[QueuedJob]) -> bool:
        """Return True if SLURM still has the job that was noted for this cell."""
        noted = read_record(self.job.lock.queued)
        self.name, self.task = str(noted.get("name") or ""), int(noted.get("task") or 0)
        if not self.name or noted.get("key") != self.job.plan.key:
            return False
        return self.match(queue)

    def match(self, queue: Iterable[QueuedJob]) -> bool:
        """Find the cell's job in the queue, and note since when it is gone."""
        for one in queue:
            if (one.name, one.task) == (self.name, self.task):
                self.job_id, self.gone_since = one.job, math.inf
                return True
        self.gone_since = min(self.gone_since, time.monotonic())
        return False

    def look(self) -> JobResult | None:
        """Report what the node has written down; return how the cell ended, if it has."""
        now = status_of(self.job.plan, self.job.settings.results)
        noted = read_record(self.job.lock.queued)
        if now.is_current and not (now.state == "failed" and noted):
            return JobResult("done" if now.state == "done" else "failed", now.reason)
        if time.monotonic() - self.gone_since > _PATIENCE:
            self.job.lock.delete_job()
            why = noted.get("refused") or (
                f"job {self.job_id or self.name} ended without it: cancelled, or its node was lost"
            )
            return JobResult("lost", f"{why}; the same command submits it again")
        if progress := read_record(self.job.lock.progress):
            self._show(progress)
        return None

    def _show(self, progress: dict[str, Any]) -> None:
        place = described({name: progress.get(name) for name in ("machine", "job")})
        if place != self.place:
            self.place, self.step = place, -1
            self.listener.began(place)
        step = progress.get("step")
        if isinstance(step, int) and step != self.step:
            self.step = step
            self.listener.stepped(step, progress["steps"], progress.get("loss", math.nan), 0.0)

    def _write(self) -> None:
        file = self.job.lock.queued
        file.parent.mkdir(parents=True, exist_ok=True)
        title, key = str(self.job.plan.address), self.job.plan.key
        facts = {"cell": title, "key": key, "name": self.name, "task": self.task}
        write_record(file, {**facts, "job": self.job_id or self.name})


def stop(results: Path, report: Callable[[str], None]) -> int:
    """End the jobs of SLURM that compute cells of a results folder; checkpoints are kept.

    Args:
        results: the results folder.
        report: called with lines for the user.

    Returns:
        The number of jobs.

    Raises:
        RequestError: SLURM does not answer.
    """
    files = list(_notes(results))
    noted = defaultdict(list)
    for file in files:
        facts = read_record(file)
        noted[str(facts.get("name")), int(facts.get("task") or 0)].append(file)
    if not noted:
        return 0
    slurm_queue.require("squeue", "scancel")

    def living() -> list[str]:
        queue = slurm_queue.queue()
        return [one.job for one in queue if (one.name, one.task) in noted]

    jobs = slurm_queue.persistently(living, report)
    slurm_queue.persistently(lambda: slurm_queue.cancel(jobs), report)
    while slurm_queue.persistently(living, report):
        time.sleep(_POLL)
    for file in files:
        file.unlink(missing_ok=True)
    return len(jobs)


def _notes(results: Path) -> Iterator[Path]:
    """Find what was noted beside the cells that were submitted."""
    return (results / WORK).glob(f"*/*/*/x*/*/seed*/{QUEUED}")


def _imported() -> Any:
    try:
        import submitit
    except ImportError as error:
        raise RequestError(
            f"--on slurm needs the package submitit ({error}); {_INSTALL}"
        ) from error
    return submitit
