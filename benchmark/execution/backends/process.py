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
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, cast

from benchmark.execution.backends.base import Backend
from benchmark.execution.backends.fork_server import (
    AVAILABLE,
    ForkedProcess,
    ForkServer,
    ServerEndedError,
    interpreter,
)
from benchmark.execution.job import Job, JobResult
from benchmark.execution.listeners.progress import Progress
from benchmark.method import NetworkMethod

# Lines of a worker's output that are kept for the trace of a failure, and characters of each.
_KEPT_LINES, _WIDTH = 200, 2000
# Lines of a worker's output that are echoed: a method that prints at every step is cut short.
MAX_ECHOED_LINES = 40
# Time for a worker to write its checkpoint after a request to stop, in seconds.
GRACE_PERIOD = 8.0
# Interval between checks whether the worker is alive, in seconds.
_POLL_INTERVAL = 0.5
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
    """

    def __init__(self, timeout: float = 0) -> None:
        self._timeout = timeout
        self._server: ForkServer | None = None
        self._next: Worker | None = None

    def run(self, job: Job, progress: Progress, *, following: Job | None = None) -> JobResult:
        """Run a job in a worker process; if the process dies, the job has failed."""
        worker = self._next if self._next and self._next.alive else self._worker_for(job)
        self._next = None
        if following and not _forks(following):
            self._next = Worker(_Process(following))
        result, echoed = JobResult("failed", "it sent no result"), 0
        try:
            for kind, *values in worker.work(job.to_json(), self._timeout):
                if kind == "ended":
                    (result,) = values
                elif kind == "printed":
                    echoed += 1
                    if echoed <= MAX_ECHOED_LINES:
                        progress.line(f"    | {values[0]}")
                else:
                    getattr(progress, kind)(*values)
        except KeyboardInterrupt:
            worker.stop()
            raise
        finally:
            worker.kill()
        return result

    def _worker_for(self, job: Job) -> "Worker":
        if _forks(job):
            self._server = self._server or ForkServer()
            try:
                return Worker(self._server.start(trains=_trains(job)))
            except ServerEndedError:
                self._close_server()
        return Worker(_Process(job))

    def close(self) -> None:
        """End the fork server, or the process that was started for the next job."""
        self._close_server()
        if self._next:
            self._next.kill()
            self._next = None

    def _close_server(self) -> None:
        if self._server:
            self._server.close()
            self._server = None


def _forks(job: Job) -> bool:
    return AVAILABLE and job.settings.device.torch.type == "cpu"


def _trains(job: Job) -> bool:
    return isinstance(job.plan.method, NetworkMethod)


class _Process(subprocess.Popen[bytes]):
    """A worker started by itself, which imports while it waits for the job."""

    def __init__(self, job: Job) -> None:
        super().__init__(
            interpreter(
                f"from benchmark.execution.backends.worker import main; main(trains={_trains(job)})"
            ),
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
        process: it runs `benchmark.execution.backends.worker.main`.
    """

    def __init__(self, process: _Process | ForkedProcess) -> None:
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

    def work(self, job: dict[str, Any], timeout: float) -> Iterator[Event]:
        """Send the job and yield the events that the process sends, until it has ended.

        Args:
            job: as `benchmark.execution.job.Job.to_json` returns it.
            timeout: seconds; 0 for no limit.

        Yields:
            ("stepped", step, steps, loss, lr), ("validated", psnr), ("scene", name),
            ("line", text), ("printed", text), and last ("ended", JobResult).
        """
        began = time.monotonic()
        result = None
        self._send(json.dumps({**job, "token": self._token}).encode() + b"\n")
        for event in self._received():
            if event[0] == "ended":
                result = JobResult(*event[1:])
            elif event[0] != "tick":
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

    def stop(self) -> None:
        """Ask the process to write a checkpoint and end; kill it after a grace period."""
        try:
            self._send(b"stop\n")
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_PERIOD)
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

    def _received(self) -> Iterator[Event]:
        """Yield events as they arrive, and a "tick" at intervals, until the process has ended."""
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
                    self._process.wait(_POLL_INTERVAL)
                yield ("tick",)
                continue
            event: Event = ("tick",)
            with suppress(queue.Empty):
                event = self._events.get(timeout=_POLL_INTERVAL)
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
