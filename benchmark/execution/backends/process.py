"""Worker processes, one a cell: whatever happens in one, the run goes on."""

import json
import math
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, cast

from benchmark import CHECKOUT
from benchmark.execution.job import Ending

_CODE = (
    f"import sys; sys.path[0] = {str(CHECKOUT)!r}; "
    "from benchmark.execution.backends.worker import main; main()"
)
# Lines of a worker's output that are kept for the trace of a failure, and characters of each.
_LINES, _WIDTH = 200, 2000
# A method that prints at every step is cut short after so many lines.
SHOWN = 40
# Seconds that a worker has to write its checkpoint when it is told to stop.
GRACE = 8.0
# How often a waiting parent looks whether the worker is still alive, in seconds.
_LOOK = 0.5
# How long output that is still under way is waited for, in seconds.
_REST = 2.0

Event = tuple[Any, ...]


class Worker:
    """A process that waits for one job. It starts importing at once."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this Python, this checkout
            [sys.executable, "-X", "faulthandler", "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._killed = False
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._events: queue.Queue[Event] = queue.Queue(maxsize=1000)
        # What starts like that was told by the engine; all else a method wrote there.
        self._token = secrets.token_hex(16)
        self._output: deque[str] = deque(maxlen=_LINES)
        self._readers = [
            threading.Thread(target=self._hear, args=(stream, kind), daemon=True)
            for stream, kind in ((self._process.stdout, "told"), (self._process.stderr, "printed"))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def alive(self) -> bool:
        """Say whether the process is there."""
        return self._process.poll() is None

    def work(self, job: dict[str, Any], timeout: float) -> Iterator[Event]:
        """Hand the job over and give what is told, until the process has ended.

        Args:
            job: as `benchmark.execution.job.written`.
            timeout: seconds; 0 is for ever.

        Yields:
            ("stepped", step, steps, loss, lr), ("validated", psnr), ("scene", name),
            ("line", text), ("printed", text), and last ("ended", Ending).
        """
        began = time.monotonic()
        ending = None
        self._say(json.dumps({**job, "token": self._token}).encode() + b"\n")
        for event in self._heard():
            if event[0] == "ended":
                ending = Ending(*event[1:])
            elif event[0] != "look":
                yield event
            if timeout and time.monotonic() - began > timeout and ending is None:
                self.kill()
                ending = Ending("failed", f"it took longer than --cell-timeout {timeout:g} s")
        self.kill()  # what it may have started and left behind
        if ending is None:
            ending = Ending("failed", _death(self._process.wait()))
        output = "\n".join(self._output)
        if ending.kind == "failed" and output:
            trace = f"{ending.trace}\nThe last of what it printed:\n{output}\n"
            ending = Ending("failed", ending.reason, trace)
        yield "ended", ending

    def stop(self) -> None:
        """Tell it to write a checkpoint and end; after a grace it is ended."""
        try:
            self._say(b"stop\n")
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process and its whole group at once."""
        if self._killed:  # by now its number may be another's
            return
        self._killed = True
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._stdin.close()

    def _say(self, line: bytes) -> None:
        with suppress(BrokenPipeError, ValueError):  # it has ended; how is found out later
            self._stdin.write(line)
            self._stdin.flush()

    def _heard(self) -> Iterator[Event]:
        """Give events as they come, a "look" now and then, until the process has ended."""
        until = math.inf
        while self.alive or any(reader.is_alive() for reader in self._readers):
            if not self.alive:
                # One that left the group as well may hold the pipes for as long as it likes.
                until = min(until, time.monotonic() + _REST)
                if time.monotonic() > until:
                    break
                self.kill()  # a process that it left behind would keep the pipes open
            with suppress(queue.Empty):
                yield self._events.get(timeout=_LOOK)
                continue
            yield ("look",)
        while not self._events.empty():
            yield self._events.get()

    def _hear(self, stream: IO[bytes], kind: str) -> None:
        with stream:
            while line := stream.readline(1 << 20):
                text = line.decode(errors="replace").rstrip()
                if kind == "told" and text.startswith(self._token):
                    with suppress(ValueError):  # a line cut short by the process's end
                        self._events.put(tuple(json.loads(text.removeprefix(self._token))))
                elif text:
                    self._output.append(text[:_WIDTH])
                    self._events.put(("printed", text[:_WIDTH]))


def _death(code: int) -> str:
    """Say in one line what a process died of."""
    if code >= 0:
        return f"its process ended with exit code {code} and no result"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    meaning = {
        "SIGKILL": "most likely by the system, because memory ran out",
        "SIGSEGV": "a segmentation fault in compiled code",
        "SIGABRT": "compiled code gave up",
        "SIGBUS": "a bus error in compiled code, or a full disk",
        "SIGILL": "an instruction this processor lacks",
        "SIGFPE": "a division in compiled code",
    }.get(name, "from outside")
    return f"its process was killed by {name}, {meaning}"
