"""Backend on SLURM: arrays of jobs, which go on when the run that submitted them has ended."""

import math
import secrets
import shlex
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmark import CHECKOUT
from benchmark.commands import command
from benchmark.errors import RequestError, counted, plain
from benchmark.execution.backends.base import Backend, Ended
from benchmark.execution.backends.cluster import SlurmOptions
from benchmark.execution.backends.packing import packed
from benchmark.execution.backends.slurm import queue as slurm_queue
from benchmark.execution.backends.slurm.cell import SubmittedCell
from benchmark.execution.backends.slurm.node import CellTask
from benchmark.execution.backends.slurm.queue import BusyError
from benchmark.execution.computation.job import Job, JobResult
from benchmark.execution.listeners.cell import CellListener
from benchmark.execution.listeners.recording import read_record
from benchmark.execution.node import Terms, is_heavy, order
from benchmark.store.lock import PROGRESS, QUEUED, WORK

# Seconds between two looks at the results folder, and between two questions to SLURM.
_POLL, _ASK = 1.0, 5.0
# Times that a cell is submitted again whose job was lost, beside those that SLURM queues again.
_RESUBMISSIONS = 3
# Seconds that a job may take to end after its last cell, while it still removes its folders.
_ENDING = 10.0
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
        self._cells: list[SubmittedCell] = []
        self._names: set[str] = set()  # of jobs whose cells have ended
        self._logs = results.absolute() / WORK / "slurm"
        self._queue = slurm_queue.persistently(slurm_queue.queue, report)
        self._asked = time.monotonic()
        self._submitted = False
        self._lost = False

    @property
    def has_room(self) -> bool:
        """True: SLURM queues everything."""
        return True

    def start(self, job: Job, listener: CellListener, *, following: Job | None = None) -> None:
        """Keep a cell for `wait`, which submits all of them together."""
        self._cells.append(SubmittedCell(job, listener))

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
            result = cell.look()
            if result and result.kind == "lost" and self._submit_again(cell, result):
                continue
            if result:
                self._cells.remove(cell)
                self._names.add(cell.name)
                ended.append((cell.job, result))
        return ended

    def stop(self) -> None:
        """Leave the jobs to SLURM, and say how to look at them and how to end them."""
        jobs = {cell.job_id for cell in self._cells if cell.job_id}
        self._report(
            f"SLURM goes on with {counted(len(jobs), 'job')}; "
            f"look: {command('status', results=self._results)}, "
            f"end: {command('stop', results=self._results)}, "
            "or repeat the command to wait for the rest"
        )

    def close(self) -> None:
        """Delete the logs of jobs that have done all they had to do."""
        left = self._cells or self._lost or self._options.submit or any(_notes(self._results))
        if left or not self._logs.exists():
            return
        self._wait_for_ends()
        shutil.rmtree(self._logs, ignore_errors=True)
        with suppress(OSError):
            self._logs.parent.rmdir()

    def _wait_for_ends(self) -> None:
        """Wait a few seconds for jobs whose cells are done: they still tidy up and write logs."""
        until = time.monotonic() + _ENDING
        while time.monotonic() < until:
            with suppress(BusyError):
                if not any(one.name in self._names for one in slurm_queue.queue()):
                    return
            time.sleep(_POLL)

    def _submit_missing(self) -> None:
        """Submit the cells that SLURM does not have; adopt the others."""
        missing, kept = [], set()
        for cell in self._cells:
            if cell.adopt(self._queue):
                kept.add(cell.job_id)
            else:
                missing.append(cell)
        if kept:
            self._report(f"SLURM has {counted(len(kept), 'job')} of this run already")
        with_gpu: list[SubmittedCell] = []
        without: list[SubmittedCell] = []
        for cell in missing:
            gpu = self._terms.device == "cuda" or is_heavy(cell.job.plan)
            (with_gpu if self._options.gpus and gpu else without).append(cell)
        for cells, gpus in ((with_gpu, self._options.gpus), (without, 0)):
            if cells:
                self._submit(packed(cells, lambda cell: cell.job.plan, self._results), gpus)

    def _submit_again(self, cell: SubmittedCell, result: JobResult) -> bool:
        """Submit a cell again whose job was lost by nobody's will; return whether it was."""
        self._lost = True
        if cell.refused or cell.losses >= _RESUBMISSIONS or _cancelled(cell.job_id):
            return False
        cell.losses += 1
        cell.gone_since = math.inf
        cell.listener.line(f"    {result.reason.partition(';')[0]}; submitted again")
        gpu = self._terms.device == "cuda" or is_heavy(cell.job.plan)
        self._submit([[cell]], self._options.gpus if gpu else 0)
        return True

    def _submit(self, packs: Sequence[Sequence[SubmittedCell]], gpus: int) -> None:
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
        again = {} if "no-requeue" in options.further else {"requeue": True}
        further: dict[str, Any] = {**again, **options.further}
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
        file.with_name(PROGRESS).unlink(missing_ok=True)  # of a process that was killed
    return len(jobs)


def _notes(results: Path) -> Iterator[Path]:
    """Find what was noted beside the cells that were submitted."""
    return (results / WORK).glob(f"*/*/*/x*/*/seed*/{QUEUED}")


def _cancelled(job: str) -> bool:
    """Return True if a job was cancelled, or if that cannot be known."""
    try:
        return slurm_queue.was_cancelled(job)
    except BusyError:
        return True


def _imported() -> Any:
    try:
        import submitit
    except ImportError as error:
        raise RequestError(
            f"--on slurm needs the package submitit ({error}); {_INSTALL}"
        ) from error
    return submitit
