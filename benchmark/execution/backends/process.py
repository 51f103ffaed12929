"""Backend of worker processes, one per cell: if one of them crashes, the run continues."""

import json
import math
import os
import queue
import secrets
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, cast

from benchmark.execution.backends.base import Backend, Ended
from benchmark.execution.backends.fork_server import (
    AVAILABLE,
    ForkedProcess,
    ForkServer,
    ServerEndedError,
    interpreter,
)
from benchmark.execution.computation.job import Job, JobResult
from benchmark.execution.listeners.cell import CellListener
from benchmark.method import NetworkMethod

# Lines of a worker's output that are kept for the trace of a failure, and characters of each.
_KEPT_LINES, _WIDTH = 200, 2000
# Lines of a worker's output that are echoed: a method that prints at every step is cut short.
MAX_ECHOED_LINES = 40
# Time for a worker to write its checkpoint while somebody waits for the run to stop, in seconds.
GRACE_PERIOD = 8.0
# Interval between checks whether a worker is alive, in seconds.
_POLL_INTERVAL = 0.5
# Events of one worker that are forwarded before those of the others.
_MAX_EVENTS = 1000
# Longest wait for the remaining output of a worker that has ended, in seconds.
_DRAIN_TIMEOUT = 2.0

Event = tuple[Any, ...]
# Marks the end of one of a worker's two streams.
_CLOSED: Event = ("closed",)


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


def stop_all(workers: Sequence["Worker"], grace: float) -> None:
    """Ask workers to write their checkpoints and end; kill them after so many seconds."""
    for worker in workers:
        worker.ask_to_stop()
    deadline = time.monotonic() + grace
    for worker in workers:
        worker.ended_by(deadline)


def _forks(job: Job) -> bool:
    return AVAILABLE and job.settings.device.torch.type == "cpu"


def _trains(job: Job) -> bool:
    return isinstance(job.plan.method, NetworkMethod)


def _started(job: Job) -> "StartedProcess":
    """Start a worker by itself, which imports while it waits for the job."""
    return StartedProcess(
        f"from benchmark.execution.backends.worker import main; main(trains={_trains(job)})"
    )


class StartedProcess(subprocess.Popen[bytes]):
    """A worker process in a group of its own; `code` is Python, and reads its job."""

    def __init__(self, code: str) -> None:
        super().__init__(
            interpreter(code),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def kill_group(self) -> None:
        """Kill the process and its whole group at once."""
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, signal.SIGKILL)
            else:
                self.kill()
        self.wait()


class Worker:
    """A process that computes one job.

    Args:
        process: it runs `benchmark.execution.backends.worker.main`, or another that reads a job.
    """

    def __init__(self, process: StartedProcess | ForkedProcess) -> None:
        self._process = process
        self._killed = False
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._events: queue.Queue[Event] = queue.Queue(maxsize=1000)
        # Prefix of the engine's messages, which distinguishes them from output of the method.
        self._token = secrets.token_hex(16)
        self._output: deque[str] = deque(maxlen=_KEPT_LINES)
        self._readers = [
            threading.Thread(target=self._read_stream, args=(stream, kind), daemon=True)
            for stream, kind in ((self._process.stdout, "sent"), (self._process.stderr, "printed"))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def alive(self) -> bool:
        """True if the process is running."""
        return self._process.poll() is None

    def work(self, job: dict[str, Any], timeout: float, poll: float) -> Iterator[Event | None]:
        """Send the job and return the events that the process sends, until it has ended.

        Args:
            job: as `benchmark.execution.computation.job.Job.to_json` returns it.
            timeout: seconds; 0 for no limit.
            poll: longest wait for one event, in seconds.

        Returns:
            An iterator over ("stepped", step, steps, loss, lr), ("validated", psnr),
            ("scene", name), ("line", text), ("printed", text), None where nothing came in time,
            and last ("ended", JobResult).
        """
        self._send(json.dumps({**job, "token": self._token}).encode() + b"\n")
        return self._working(timeout, poll)

    def _working(self, timeout: float, poll: float) -> Iterator[Event | None]:
        began = time.monotonic()
        result = None
        for event in self._received(poll):
            if event is not None and event[0] == "ended":
                result = JobResult(*event[1:])
            else:
                yield event
            if timeout and time.monotonic() - began > timeout and result is None:
                self.kill()
                result = JobResult("failed", f"it took longer than --cell-timeout {timeout:g} s")
        self.kill()  # child processes that it may have left behind
        if result is None:
            result = JobResult("failed", _death(self._process.wait()))
        output = "\n".join(self._output)
        if result.kind == "failed" and output:
            trace = f"{result.trace}\nThe last of what it printed:\n{output}\n"
            result = JobResult("failed", result.reason, trace)
        yield "ended", result

    def ask_to_stop(self) -> None:
        """Ask the process to write a checkpoint and end."""
        self._send(b"stop\n")

    def ended_by(self, deadline: float) -> None:
        """Wait until the process has ended; kill it at a deadline of the monotonic clock."""
        try:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(max(deadline - time.monotonic(), 0))
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill the process and its whole group at once."""
        if self._killed:  # another process may have its id by now
            return
        self._killed = True
        self._process.kill_group()
        with suppress(OSError):
            self._stdin.close()

    def _send(self, line: bytes) -> None:
        with suppress(BrokenPipeError, ValueError):  # it has ended; `_received` notices
            self._stdin.write(line)
            self._stdin.flush()

    def _received(self, poll: float) -> Iterator[Event | None]:
        """Yield events as they arrive, and None at intervals, until the process has ended."""
        closed, deadline = 0, math.inf
        while self.alive or closed < len(self._readers):
            if not self.alive:
                # A process that left the group may keep the pipes open for ever.
                deadline = min(deadline, time.monotonic() + _DRAIN_TIMEOUT)
                if time.monotonic() > deadline:
                    break
                self.kill()  # a child process would keep the pipes open
            elif closed == len(self._readers):
                with suppress(subprocess.TimeoutExpired):  # it ends just after its streams
                    self._process.wait(poll)
                yield None
                continue
            event: Event | None = None
            with suppress(queue.Empty):
                event = self._events.get(timeout=poll)
            if event == _CLOSED:
                closed += 1
            else:
                yield event
        while not self._events.empty():
            if (event := self._events.get()) != _CLOSED:
                yield event

    def _read_stream(self, stream: IO[bytes], kind: str) -> None:
        with stream:
            while line := stream.readline(1 << 20):
                text = line.decode(errors="replace").rstrip()
                if kind == "sent" and text.startswith(self._token):
                    with suppress(ValueError):  # a line cut short by the process's end
                        self._events.put(tuple(json.loads(text.removeprefix(self._token))))
                elif text:
                    self._output.append(text[:_WIDTH])
                    self._events.put(("printed", text[:_WIDTH]))
        self._events.put(_CLOSED)


def _death(code: int) -> str:
    """Describe in one line why a process died."""
    if code >= 0:
        return f"its process ended with exit code {code} and no result"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    meaning = {
        "SIGKILL": "most likely by the system, because memory ran out",
        "SIGSEGV": "a segmentation fault in compiled code",
        "SIGABRT": "compiled code aborted",
        "SIGBUS": "a bus error in compiled code, or a full disk",
        "SIGILL": "an instruction that this processor does not support",
        "SIGFPE": "an arithmetic error in compiled code",
    }.get(name, "from outside")
    return f"its process was killed by {name}, {meaning}"
