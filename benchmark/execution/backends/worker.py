"""The worker process, which computes one cell: it reads a job and sends progress and result.

The job is one line of JSON on standard input; messages are lines of JSON on the original standard
output. The process has a group of its own, and ends with its parent.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from typing import Any, TextIO

from benchmark import console
from benchmark.engine.training.listener import ProgressListener

# Minimum interval between two progress messages, in seconds.
_MIN_INTERVAL = 0.1
_STOP = b"stop\n"


class Channel(ProgressListener):
    """Sends messages to the parent process, and redirects standard output to standard error."""

    def __init__(self) -> None:
        self.orders = os.fdopen(os.dup(0), "rb")
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123
            os.dup2(nothing.fileno(), 0)  # a method that reads input gets none
        self._stream: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        console.prepare("utf-8")  # as the parent reads it
        self.token = ""
        # Whether a checkpoint can be saved now, and while scenes are estimated.
        self.resumable = self.resumable_scenes = False
        self._sent = 0.0

    def send(self, kind: str, *values: Any) -> None:
        """Send one message."""
        self._stream.write(f"\n{self.token}{json.dumps([kind, *values])}\n")
        self._stream.flush()

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Send the mean loss of the last training steps, and the learning rate."""
        if (now := time.monotonic()) - self._sent > _MIN_INTERVAL or step == steps:
            self._sent = now
            self.send("stepped", step, steps, loss, lr)

    def validated(self, psnr: float) -> None:
        """Send a validation's PSNR in dB."""
        self.send("validated", psnr)

    def scene(self, name: str) -> None:
        """Send the name of the test scene that is being estimated."""
        self.resumable = self.resumable_scenes
        self.send("scene", name)

    def line(self, text: str) -> None:
        """Send a line for the user."""
        self.send("line", text)


class _ParentWatch(threading.Thread):
    """Handles requests to stop; kills the process group when the parent has ended."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(daemon=True)
        self._channel = channel
        self.stop = threading.Event()

    def run(self) -> None:
        for line in iter(self._channel.orders.readline, b""):
            if line == _STOP:
                self.stop.set()
                if not self._channel.resumable:
                    break  # there is nothing to save
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)
        os._exit(1)


def end_with_parent() -> None:
    """Ask Linux to kill this process when its parent ends, even within compiled code."""
    with contextlib.suppress(OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG


def outlive_batch_signals() -> None:
    """Ignore the signals by which batch systems announce the end of a job.

    They go to all processes of a job. The parent asks this one to write a checkpoint, which it must
    live to do. Processes that a method forks behave as usual.
    """
    own = os.getpid()

    def ignore(number: int, _: object) -> None:
        if os.getpid() != own:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    for name in ("SIGTERM", "SIGUSR1", "SIGUSR2"):
        if hasattr(signal, name):  # Windows lacks some
            signal.signal(getattr(signal, name), ignore)


def _prefer_oom_kill() -> None:
    """Ask Linux to kill the worker, not the run, if memory runs out."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:  # noqa: PTH123
        score.write("1000")


def import_training() -> None:
    """Import what training needs beside the engine.

    The first optimiser of a process imports it, which takes as long as torch itself.
    """
    import torch._dynamo  # noqa: F401


def main(*, trains: bool) -> None:
    """Compute one cell and exit.

    Args:
        trains: True imports what training needs before the job arrives.
    """
    outlive_batch_signals()
    channel = Channel()
    end_with_parent()
    _prefer_oom_kill()
    if trains:
        import_training()
    from benchmark.execution.computation.job import Job, result_of, run_job
    from benchmark.method import IterativeMethod, NetworkMethod

    line = channel.orders.readline()
    if not line:
        return
    values = json.loads(line)
    channel.token = values.pop("token")
    watch = _ParentWatch(channel)
    watch.start()
    try:
        job = Job.from_json(values)
        channel.resumable_scenes = isinstance(job.plan.method, IterativeMethod)
        channel.resumable = isinstance(job.plan.method, NetworkMethod | IterativeMethod)
        result = run_job(job, channel, watch.stop.is_set, channel.line)
    except Exception as error:  # noqa: BLE001 - reported to the parent
        result = result_of(error)
    channel.send("ended", result.kind, result.reason, result.trace)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # without waiting for threads and exit handlers of the method
