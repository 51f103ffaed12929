"""`run_all.py` as a process forked from one that has imported torch already.

A test that kills runs starts dozens of them, and importing torch, scipy and pandas takes longer
than the run itself. The forked process executes the script as `python run_all.py` does.
"""

import ctypes
import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

SCRIPT = Path(__file__).resolve().parents[1] / "run_all.py"
# Other people's modules only: ours are imported anew by every process, with what they set up.
_PRELOADED = ["pytest", "torch._dynamo", "scipy.stats", "scipy.ndimage", "pandas", "jinja2"]


class ForkedScript:
    """One `run_all.py` that is running; the counterpart of `subprocess.Popen`.

    Args:
        folder: the working directory.
        arguments: its options.
        environment: all its variables.
        namespace: a process whose mount namespace is entered first; None for our own.
    """

    def __init__(
        self,
        folder: Path,
        arguments: tuple[str, ...],
        environment: Mapping[str, str],
        namespace: int | None = None,
    ) -> None:
        context: Any = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        out, child_out = context.Pipe(duplex=False)
        err, child_err = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_run,
            args=(str(folder), arguments, dict(environment), namespace, child_out, child_err),
        )
        self._process.start()
        child_out.close()
        child_err.close()
        self.stdout, self.stderr = _reader(out), _reader(err)
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while it is running."""
        code: int | None = self._process.exitcode
        return code

    def wait(self, limit: float) -> int:
        """Wait for the exit code; raise TimeoutError after `limit` seconds."""
        self._process.join(limit)
        code = self.poll()
        if code is None:
            raise TimeoutError(f"process {self.pid} has not ended in {limit:g} s")
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def _reader(connection: Connection) -> IO[str]:
    stream = os.fdopen(os.dup(connection.fileno()), encoding="utf-8", errors="replace")
    connection.close()
    return stream


def _run(
    folder: str,
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
    namespace: int | None,
    out: Connection,
    err: Connection,
) -> None:
    """Turn this forked process into one that `python run_all.py` would have started."""
    import torch

    torch.set_num_threads(1)
    for connection, number in ((out, 1), (err, 2)):
        os.dup2(connection.fileno(), number)
        connection.close()
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    if namespace is not None:
        _enter(namespace)
    os.chdir(folder)
    sys.argv = [str(SCRIPT), *arguments]
    sys.path.insert(0, str(SCRIPT.parent))
    runpy.run_path(str(SCRIPT), run_name="__main__")


def _enter(pid: int) -> None:
    """Enter the mount namespace of another process; its user namespace first, unless root."""
    libc = ctypes.CDLL(None, use_errno=True)
    for kind in ("mnt",) if os.geteuid() == 0 else ("user", "mnt"):
        with open(f"/proc/{pid}/ns/{kind}", "rb") as file:  # noqa: PTH123
            if libc.setns(file.fileno(), 0):
                raise OSError(ctypes.get_errno(), f"cannot enter the {kind} namespace of {pid}")
