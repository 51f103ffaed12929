"""Runs as processes that a test watches, kills and outlives; methods that misbehave.

Every process of a run carries a mark in its environment, so that all of them are found: workers,
what they started, and what was left alone when its parent died.
"""

import os
import re
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.command_line import Answer
from tests.forked import ForkedScript

_MARK = "TEST_FAMILY"
# No wait is longer, in seconds.
LIMIT = 120.0


class Run:
    """One `run_all.py` as a process of its own; its lines are kept as they come.

    Args:
        folder: the working directory.
        arguments: its options.
        namespace: a process whose mount namespace it enters.
        environment: more variables.
    """

    def __init__(
        self, folder: Path, *arguments: str, namespace: int | None = None, **environment: str
    ) -> None:
        self.mark = uuid.uuid4().hex
        known = {name: value for name, value in os.environ.items() if not name.startswith("HSISR_")}
        fixed = {"COLUMNS": "200", "OMP_NUM_THREADS": "1", _MARK: self.mark}
        self.process = ForkedScript(folder, arguments, known | fixed | environment, namespace)
        self.told: list[tuple[float, str]] = []
        self._out: list[str] = []
        self._news = threading.Condition()
        self._threads = [
            threading.Thread(target=self._read_told, daemon=True),
            threading.Thread(target=self._read_out, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read_told(self) -> None:
        with self.process.stderr as stream:
            for line in stream:
                with self._news:
                    self.told.append((time.monotonic(), line.rstrip("\n")))
                    self._news.notify_all()

    def _read_out(self) -> None:
        with self.process.stdout as stream:
            self._out.append(stream.read())

    @property
    def lines(self) -> list[str]:
        """Return the lines of standard error so far."""
        with self._news:
            return [line for _, line in self.told]

    def heard(self, pattern: str, times: int = 1, limit: float = LIMIT) -> bool:
        """Wait until a pattern has been found in so many lines; False where the run ended first."""
        until = time.monotonic() + limit
        while True:
            ended = self.process.poll() is not None
            if ended:
                self._threads[0].join(limit)
            with self._news:
                if sum(bool(re.search(pattern, line)) for _, line in self.told) >= times:
                    return True
                if ended:
                    return False
                self._news.wait(0.05)
            if time.monotonic() > until:
                raise TimeoutError(f"no line like {pattern} in {limit:g} s: {self.lines[-5:]}")

    def family(self) -> list[int]:
        """Return every living process of this run, however it was started or orphaned."""
        # The first one was forked, and shows the environment of the process that it comes from.
        first = [self.process.pid] if self.process.poll() is None else []
        return first + _marked(self.mark)

    def kill_all(self) -> list[str]:
        """End every process of the run at once, as the power going off does; nothing is left."""
        self.process.send_signal(signal.SIGKILL)
        until = time.monotonic() + LIMIT
        while (family := self.family()) and time.monotonic() < until:
            for pid in family:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait(LIMIT)
        return self.left_after(0)

    def kill_alone(self, grace: float) -> list[str]:
        """End the run's own process; name those of its processes that are there after a grace."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(LIMIT)
        return self.left_after(grace)

    def left_after(self, grace: float) -> list[str]:
        """Name the processes that are still there when the grace, in seconds, is over."""
        until = time.monotonic() + grace
        while (family := self.family()) and time.monotonic() < until:
            time.sleep(0.02)
        names = []
        for pid in family:
            with suppress(OSError):  # it has ended since
                names.append((Path("/proc") / str(pid) / "comm").read_text().strip())
        return names

    def ended(self, limit: float = LIMIT) -> Answer:
        """Wait for the end."""
        code = self.process.wait(limit)
        for thread in self._threads:
            thread.join(limit)
        return Answer(code, "".join(self._out), "".join(f"{line}\n" for line in self.lines))


@contextmanager
def running(
    folder: Path, *arguments: str, namespace: int | None = None, **environment: str
) -> Iterator[Run]:
    """Start a run, and see to it that nothing of it is left when the test is over."""
    run = Run(folder, *arguments, namespace=namespace, **environment)
    try:
        yield run
    finally:
        run.kill_all()
        run.ended()


def finished(
    folder: Path, *arguments: str, namespace: int | None = None, **environment: str
) -> Answer:
    """Let a run come to its end by itself."""
    with running(folder, *arguments, namespace=namespace, **environment) as run:
        return run.ended()


def _marked(mark: str) -> list[int]:
    wanted = f"{_MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            # It may have ended since; another user's is none of ours.
            with suppress(OSError):
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


# ESPCN, but it tells when its network is built: once to be trained, once more to be evaluated.
TRACED = """
import sys

from benchmark.method import register
from methods.espcn import ESPCN


@register("traced", title="Traced", paper="nobody")
class Traced(ESPCN):
    def network(self, problem):
        print("building", file=sys.stderr, flush=True)
        return super().network(problem)
"""
