"""A worker process, seen from the process that started it."""

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
from typing import IO, Any, cast

from benchmark.execution.backends.fork_server import ForkedProcess, interpreter
from benchmark.execution.computation.job import JobResult

# Lines of a worker's output that are kept for the trace of a failure, and characters of each.
_KEPT_LINES, _WIDTH = 200, 2000
# Time for a worker to write its checkpoint while somebody waits for the run to stop, in seconds.
GRACE_PERIOD = 8.0
# Longest wait for the remaining output of a worker that has ended, in seconds.
_DRAIN_TIMEOUT = 2.0

Event = tuple[Any, ...]
# Marks the end of one of a worker's two streams.
_CLOSED: Event = ("closed",)


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


def stop_all(workers: Sequence["Worker"], grace: float) -> None:
    """Ask workers to write their checkpoints and end; kill them after so many seconds."""
    for worker in workers:
        worker.ask_to_stop()
    deadline = time.monotonic() + grace
    for worker in workers:
        worker.ended_by(deadline)
