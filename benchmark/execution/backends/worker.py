"""The process that computes one cell: reads a job, tells how it goes, says how it ended.

A job comes as one line of JSON on standard input; what is told goes out as lines of JSON on what
was standard output. The process has a group of its own, and ends with whoever started it.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from typing import Any, TextIO

from benchmark.engine.training.listener import ProgressListener

# More news than this a second helps nobody, in seconds.
_PAUSE = 0.1
_STOP = b"stop\n"


class Channel(ProgressListener):
    """Tells the parent process; what a method prints goes to standard error instead."""

    def __init__(self) -> None:
        self.orders = os.fdopen(os.dup(0), "rb")
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123
            os.dup2(nothing.fileno(), 0)  # a method that asks the user gets no answer
        self._stream: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self.token = ""
        self.training = False
        self._told = 0.0

    def tell(self, kind: str, *values: Any) -> None:
        """Send one message."""
        self._stream.write(f"\n{self.token}{json.dumps([kind, *values])}\n")
        self._stream.flush()

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Send the loss and the learning rate."""
        if (now := time.monotonic()) - self._told > _PAUSE or step == steps:
            self._told = now
            self.tell("stepped", step, steps, loss, lr)

    def validated(self, psnr: float) -> None:
        """Take a validation's PSNR in dB."""
        self.tell("validated", psnr)

    def scene(self, name: str) -> None:
        """Take the test scene that is being estimated."""
        self.training = False
        self.tell("scene", name)

    def line(self, text: str) -> None:
        """Take a line for the user."""
        self.tell("line", text)


class _Watch(threading.Thread):
    """Listens to the parent: it may say stop, and the group ends when it is gone."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(daemon=True)
        self._channel = channel
        self.stop = threading.Event()

    def run(self) -> None:
        for line in iter(self._channel.orders.readline, b""):
            if line == _STOP:
                self.stop.set()
                if not self._channel.training:
                    break  # there is nothing to save
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)
        os._exit(1)


def _end_with_parent() -> None:
    """Ask Linux to end this process with its parent, even in the midst of compiled code."""
    with contextlib.suppress(OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG


def _be_the_first_to_go() -> None:
    """Where memory runs out, Linux is to end the worker, not the run."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:  # noqa: PTH123
        score.write("1000")


def main() -> None:
    """Compute one cell and end the process."""
    channel = Channel()
    _end_with_parent()
    _be_the_first_to_go()
    # All that is slow to import, before a job is there: a worker is started ahead of its job.
    # The first optimiser of a process imports torch._dynamo, which takes as long as torch itself.
    import torch._dynamo  # noqa: F401

    from benchmark.execution import job
    from benchmark.method import NetworkMethod

    line = channel.orders.readline()
    if not line:
        return
    told = json.loads(line)
    channel.token = told.pop("token")
    watch = _Watch(channel)
    watch.start()
    try:
        task, settings = job.read(told)
        channel.training = isinstance(task.method, NetworkMethod)
        ending = job.carry_out(task, settings, channel, watch.stop.is_set, channel.line)
    except Exception as error:  # noqa: BLE001 - the parent is to know whatever it is
        ending = job.ending_of(error)
    channel.tell("ended", ending.kind, ending.reason, ending.trace)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # what a method has left running, or does at exit, is of no interest
