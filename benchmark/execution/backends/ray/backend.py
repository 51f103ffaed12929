"""Backend on Ray: all GPUs of this machine, or the machines of a running cluster."""

import io
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark import CHECKOUT
from benchmark.errors import RequestError, counted, plain
from benchmark.execution.backends.base import Backend, Ended
from benchmark.execution.backends.cluster import RayOptions
from benchmark.execution.backends.ray.node import Board, run_cell
from benchmark.execution.backends.worker_process import GRACE_PERIOD
from benchmark.execution.computation.job import Job, JobResult
from benchmark.execution.listeners.cell import CellListener
from benchmark.execution.listeners.recording import RecordedProgress
from benchmark.execution.node import Terms, is_heavy, order
from benchmark.store import parcel
from benchmark.store.lock import WORK
from benchmark.store.origins import computed

# Times that a cell is started again after its machine or its process was lost.
_MAX_RETRIES = 3
# Results of cells are small; Ray would reserve 30 % of the memory, in bytes.
_OBJECT_STORE = 200 * 2**20
_PACKAGES = ("benchmark", "methods", "datasets")
_INSTALL = "install it with: pip install ray"


class RayBackend(Backend):
    """Runs every cell as a task of Ray, which gives it a machine, a GPU and its cores.

    A node that reaches the results folder works in it. Any other, and every one with `--scratch`,
    works in a folder of its own and sends the finished cell back.

    Args:
        options: which cluster, and what a cell gets of it.
        terms: how the nodes compute a cell.
        results: the results folder.
        report: called with lines for the user.

    Raises:
        RequestError: Ray is missing, cannot be reached, or has no GPU where one was asked for.
    """

    remote = True

    def __init__(
        self, options: RayOptions, terms: Terms, results: Path, report: Callable[[str], None]
    ) -> None:
        self._options, self._terms, self._results = options, terms, results
        self._tasks: dict[Any, _Task] = {}
        self._ray = _imported(one_machine=not options.address)
        self._apart = _Apart()
        self._stage: Path | None = None
        self._token = results.absolute() / WORK / f"run-{secrets.token_hex(8)}"
        try:
            self._connect()
            self._share = _share(self._ray, options, terms)
        except BaseException:
            self.close()
            raise
        report(f"ray: {self._share.summary}")
        self._token.parent.mkdir(parents=True, exist_ok=True)
        self._token.touch()
        here = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            self._ray.get_runtime_context().get_node_id(), soft=False
        )
        made = self._ray.remote(Board).options(num_cpus=0, scheduling_strategy=here)
        self._board = made.remote()

    @property
    def has_room(self) -> bool:
        """True until as many cells as `--workers` allows are with Ray, which queues the others."""
        most = self._options.workers
        return not most or len(self._tasks) < most

    def start(self, job: Job, listener: CellListener, *, following: Job | None = None) -> None:
        """Hand a cell to Ray."""
        terms, cores = self._terms, self._share.cores
        gpus = self._share.gpus if is_heavy(job.plan) or terms.device == "cuda" else 0
        if self._share.gpus and not gpus:
            cores = min(cores, 1)  # the others belong to the cells on GPUs
        one = order(job, replace(terms, threads=cores))
        remote = self._ray.remote(run_cell).options(
            num_cpus=cores, num_gpus=gpus, max_retries=_MAX_RETRIES, retry_exceptions=False
        )
        scratch = str(self._options.scratch) if self._options.scratch else ""
        ref = remote.remote(one, self._board, str(self._token), scratch)
        self._tasks[ref] = _Task(job, listener)

    def wait(self) -> list[Ended]:
        """Forward what the nodes report, and collect the cells that have ended."""
        ready, _ = self._ray.wait(list(self._tasks), timeout=0.5, fetch_local=False)
        self._forward()
        return [self._ended(ref) for ref in ready]

    def stop(self) -> None:
        """Cancel all tasks, and give trainings the time to write their checkpoints."""
        for ref in self._tasks:
            self._ray.cancel(ref, force=False)
        refs = list(self._tasks)
        if refs:
            timeout = GRACE_PERIOD + 2
            self._ray.wait(refs, num_returns=len(refs), timeout=timeout, fetch_local=False)
        for task in self._tasks.values():
            task.forget()

    def close(self) -> None:
        """Leave the cluster; end it, if it was started for this run."""
        self._tasks = {}
        self._token.unlink(missing_ok=True)
        with suppress(OSError):
            self._token.parent.rmdir()
        if self._stage:
            shutil.rmtree(self._stage, ignore_errors=True)
        self._ray.shutdown()
        self._apart.ended()

    def _connect(self) -> None:
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
        if self._options.address:
            # Every node gets these sources, whatever it has itself.
            self._stage = Path(tempfile.mkdtemp(prefix="hsisr-"))
            for name in _PACKAGES:
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(CHECKOUT / name, self._stage / name, ignore=ignored)
            started: dict[str, Any] = {
                "address": self._options.address,
                "runtime_env": {"working_dir": str(self._stage)},
            }
        else:
            started = {
                "address": "local",
                "include_dashboard": False,
                "object_store_memory": _OBJECT_STORE,
                "_node_ip_address": "127.0.0.1",
            }
        try:
            self._ray.init(**started, **quiet)
            self._apart.connected()
        except Exception as error:
            place = f"the cluster at {self._options.address}" if self._options.address else "Ray"
            what = plain(str(error).strip().partition("\n")[0]) or type(error).__name__
            raise RequestError(
                f"--on ray: cannot start or reach {place}: {type(error).__name__}: {what}"
            ) from error

    def _forward(self) -> None:
        """Forward what nodes have told the board to the listeners of their cells."""
        tasks = {str(task.job.plan.address): task for task in self._tasks.values()}
        for title, told in self._ray.get(self._board.take.remote()).items():
            if title in tasks:
                tasks[title].hear(told)

    def _ended(self, ref: Any) -> Ended:
        task = self._tasks.pop(ref)
        errors = self._ray.exceptions
        try:
            kind, reason, sent = self._ray.get(ref)
            if sent is not None:
                address = task.job.plan.address
                with computed(self._results, address, sent.facts, sent.files):
                    parcel.unpack(self._results, address, sent)
            result = JobResult(kind, reason)
        except errors.RayTaskError as error:
            why = plain(str(error.cause))
            result = JobResult("refused", f"--on ray: {type(error.cause).__name__}: {why}")
        except (errors.RayError, ValueError) as error:
            why = plain(str(error).strip().partition("\n")[0])
            lost = f"its machine or its process was lost {_MAX_RETRIES + 1} times"
            result = JobResult("lost", f"{lost} ({type(error).__name__}: {why}); run it again")
        task.forget()
        return task.job, result


class _Task:
    """A cell that Ray has."""

    def __init__(self, job: Job, listener: CellListener) -> None:
        self.job = job
        self._listener = listener
        self._place = ""
        self._keeps_record = False

    def hear(self, told: dict[str, Any]) -> None:
        """Pass on what a node has told since the last time."""
        if told.get("place") and told["place"] != self._place:
            if self._place:
                self._listener.line(f"    its process on {self._place} was lost")
            self._place = told["place"]
            self._listener.began(self._place)
            if not told["shared"]:  # the node keeps a record in its own folder
                self._keeps_record = True
                file = self.job.lock.progress
                file.parent.mkdir(parents=True, exist_ok=True)
                title = str(self.job.plan.address)
                self._listener = RecordedProgress(
                    self._listener, file, title, told["device"], self._place
                )
        for line in told.get("lines", ()):
            self._listener.line(line)
        if "psnr" in told:
            self._listener.validated(told["psnr"])
        if "step" in told:
            self._listener.stepped(*told["step"])
        if "scene" in told:
            self._listener.scene(told["scene"])
        self._listener.alive()

    def forget(self) -> None:
        """Remove the record of a cell that runs no longer."""
        if self._keeps_record:
            self.job.lock.forget_progress()


class _Share:
    """What every cell gets of a cluster."""

    def __init__(self, cores: int, gpus: float, summary: str) -> None:
        self.cores, self.gpus, self.summary = cores, gpus, summary


def _share(ray: ModuleType, options: RayOptions, terms: Terms) -> _Share:
    """Divide the cluster between cells: by its GPUs, or by its cores where it has none.

    Raises:
        RequestError: `--device cuda` without a GPU, or fewer GPUs than a cell asks for.
    """
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    nodes = [one for one in alive if one.get("CPU", 0) >= 1]
    if not nodes:
        raise RequestError("--on ray: no machine of the cluster has a core to give")
    with_gpus = [one for one in nodes if one.get("GPU")] if terms.device != "cpu" else []
    if terms.device == "cuda" and not with_gpus:
        raise RequestError(
            "--device cuda: the machines that Ray knows have no GPU; use cpu or auto"
        )
    if not with_gpus:
        a_node = max(options.workers // len(nodes), 1)
        cores = max(min(int(one.get("CPU", 1)) for one in nodes) // a_node, 1)
        shared = f"every cell gets {counted(cores, 'core')} and no GPU"
        return _Share(cores, 0, f"{counted(len(nodes), 'machine')}; {shared}")
    gpus = options.gpus_per_cell
    if all(one["GPU"] < gpus for one in with_gpus):
        most = max(one["GPU"] for one in with_gpus)
        raise RequestError(f"--gpus-per-cell {gpus:g}: the machines have at most {most:g} GPUs")
    cores = min(int(one.get("CPU", 1) / max(one["GPU"] / gpus, 1)) for one in with_gpus)
    total = sum(one["GPU"] for one in with_gpus)
    cores = max(cores, 1)
    return _Share(
        cores,
        gpus,
        f"{counted(int(total), 'GPU')} on {counted(len(with_gpus), 'machine')}; every cell that "
        f"trains gets {gpus:g} and {counted(cores, 'core')}",
    )


def _imported(*, one_machine: bool) -> ModuleType:
    """Import Ray, which reads its settings from the environment.

    Raises:
        RequestError: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # A worker that takes too much memory is ended by the system, and its cell has failed.
    os.environ.setdefault("RAY_memory_monitor_refresh_ms", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if one_machine:  # without it, Ray listens on the network though nobody else is to join
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError as error:
        raise RequestError(f"--on ray needs the package ray ({error}); {_INSTALL}") from error
    module: ModuleType = ray
    return module


class _Apart:
    """Keeps the process as it is while Ray is connected.

    SIGTERM acts like Ctrl-C, although Ray replaces its handler. What Ray prints is dropped, such as
    the log of a machine that was lost; this suite writes to the streams that it has reserved.
    """

    def __init__(self) -> None:
        self._stdout = sys.stdout
        self._main = threading.current_thread() is threading.main_thread()
        self._handler = signal.getsignal(signal.SIGTERM)

    def connected(self) -> None:
        """Put the handler back, and drop what is printed from now on."""
        if self._main:
            signal.signal(signal.SIGTERM, self._handler)
        sys.stdout = _Dropped()

    def ended(self) -> None:
        """Put everything back."""
        if self._main:
            signal.signal(signal.SIGTERM, self._handler)
        sys.stdout = self._stdout


class _Dropped(io.TextIOBase):
    """A stream that drops what is written to it."""

    def write(self, text: str, /) -> int:
        """Drop a text."""
        return len(text)
