"""A process that has imported the engine once, and forks the worker of every cell.

A worker started by itself takes seconds to import torch, where the cell of a closed form takes
tenths of one; a fork takes milliseconds. The server runs no plugin and computes nothing, so that
each worker begins as if it had been started by itself. Linux only; not for GPUs, whose driver a
forked process must not have met.
"""

import importlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, cast

from benchmark import CHECKOUT

AVAILABLE = sys.platform == "linux" and hasattr(socket, "send_fds")

_TRAINING, _OTHER, _REAPED = b"training", b"other", b"reaped"
# What most workers need: the engine, and libraries that plugins import too; no plugin.
_PRELOADED = ("benchmark.execution.computation.job", "scipy.ndimage", "safetensors.torch")
_LARGEST = 100  # bytes of a message


def interpreter(code: str) -> list[str]:
    """Return the command that runs code by this Python, with this checkout first in its path."""
    start = f"import sys; sys.path[0] = {str(CHECKOUT)!r}; "
    return [sys.executable, "-X", "faulthandler", "-c", start + code]


class ServerEndedError(Exception):
    """The fork server has ended, and cannot start a worker."""


class ForkServer:
    """The fork server's process; it ends with this one, and runs one worker at a time."""

    def __init__(self) -> None:
        # Of whole messages, so that none is read in part.
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this Python, this checkout
                interpreter(
                    "from benchmark.execution.backends.fork_server import serve; "
                    f"serve({theirs.fileno()})"
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    def start(self, *, trains: bool) -> "ForkedProcess":
        """Start a worker.

        Args:
            trains: True imports what training needs before the fork, once.

        Raises:
            ServerEndedError: the server has ended.
        """
        pipes = [os.pipe() for _ in range(3)]
        (child_in, ours_in), (ours_out, child_out), (ours_err, child_err) = pipes
        ends = (child_in, child_out, child_err)
        try:
            socket.send_fds(self.channel, [_TRAINING if trains else _OTHER], ends)
            pid = int(_message(self.channel))
        except (OSError, ServerEndedError) as error:
            for end in (ours_in, ours_out, ours_err):
                os.close(end)
            raise ServerEndedError from error
        finally:
            for end in ends:
                os.close(end)
        return ForkedProcess(pid, self.channel, (ours_in, ours_out, ours_err))

    def close(self) -> None:
        """End the server."""
        self.channel.close()
        self._process.kill()
        self._process.wait()


class ForkedProcess:
    """A worker that the server forked: the part of `subprocess.Popen` that is used of it.

    Attributes:
        pid: of the worker, which leads a process group.
        stdin: its standard input; `stdout` and `stderr` likewise.
    """

    def __init__(self, pid: int, channel: socket.socket, pipes: Sequence[int]) -> None:
        self.pid = pid
        self._channel = channel
        self._code: int | None = None
        self.stdin, self.stdout, self.stderr = (
            cast("IO[bytes]", os.fdopen(pipe, mode))
            for pipe, mode in zip(pipes, ("wb", "rb", "rb"), strict=True)
        )

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while the worker is running."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code.

        Args:
            timeout: in seconds; None for no limit.

        Raises:
            subprocess.TimeoutExpired: the worker is still running.
        """
        if self._code is None:
            if not select.select([self._channel], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("worker", timeout or 0)
            try:
                self._code = int(_message(self._channel))
            except ServerEndedError:  # its workers end with it
                self._code = -signal.SIGKILL
        return self._code

    def kill_group(self) -> None:
        """Kill the worker and its group; until now no other process can have its number."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()
        with suppress(OSError):
            self._channel.send(_REAPED)


def _message(channel: socket.socket) -> bytes:
    """Return the next message.

    Raises:
        ServerEndedError: the other side has ended.
    """
    try:
        message = channel.recv(_LARGEST)
    except ConnectionError:
        message = b""
    if not message:
        raise ServerEndedError
    return message


def serve(descriptor: int) -> None:
    """Fork a worker for every request on a socket, and report its end; return at its end.

    Args:
        descriptor: of the socket.
    """
    from benchmark.execution.backends import worker

    worker.outlive_batch_signals()
    worker.end_with_parent()
    for name in _PRELOADED:
        importlib.import_module(name)

    server = os.getpid()
    channel = socket.socket(fileno=descriptor)
    while True:
        request, streams, _, _ = socket.recv_fds(channel, _LARGEST, 3)
        if not request:
            return
        trains = request == _TRAINING
        if trains:
            worker.import_training()
        pid = os.fork()
        if pid == 0:
            channel.close()
            _become_worker(server, streams)
            worker.main(trains=trains)
            os._exit(0)
        for stream in streams:
            os.close(stream)
        with suppress(ProcessLookupError):
            os.setpgid(pid, pid)  # here too, so that the group is there before it can be killed
        channel.send(str(pid).encode())
        # Not reaped until the parent has killed the group: nobody else gets its number.
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        status = ended.si_status if ended and ended.si_code == os.CLD_EXITED else None
        code = status if status is not None else -(ended.si_status if ended else signal.SIGKILL)
        channel.send(str(code).encode())
        if channel.recv(_LARGEST) != _REAPED:
            return
        os.waitpid(pid, 0)


def _become_worker(server: int, streams: Sequence[int]) -> None:
    """Give a forked process a group and streams of its own, and random numbers of its own."""
    import numpy as np

    from benchmark.execution.backends import worker

    os.setpgid(0, 0)
    worker.end_with_parent()
    if os.getppid() != server:  # it ended before it could take this process with it
        os._exit(1)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # The server's own may behave otherwise: /dev/null can be sought in.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115
    np.random.seed()  # noqa: NPY002 - as in a process of its own
