"""MATLAB files of versions 5 and 7.3, read by scipy and h5py in a child process.

Neither library is safe with damaged files: a flipped bit may crash scipy's reader, and libhdf5 may
loop for ever. In a child process both end as one clear line. The child is kept for the next file.

Neither version carries a checksum of its values, unless they are compressed in version 5: of a
flipped byte among them only that can be noticed which leaves the range of the values.
"""

import atexit
import io
import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from benchmark import CHECKOUT

HDF = b"\x89HDF\r\n\x1a\n"  # at the start, or after MATLAB's header of 512 bytes
TIMEOUT = 300.0  # seconds to read one file; a scene of Harvard takes a few
_CODE = (
    f"import sys; sys.path[0] = {str(CHECKOUT)!r}; "
    "from benchmark.data.formats.matlab_child import main; main()"
)


class ContentError(Exception):
    """The file is damaged, unsafe or holds something else; the message says what."""


class _EndedError(Exception):
    """The child process ended instead of answering."""


class _Child:
    """A process that reads files until its input ends, with its parent at the latest."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this Python, this checkout
            [sys.executable, "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._requests = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("io.BufferedReader", self._process.stdout)

    def ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray]:
        """Send a request; return the answer and the values that follow it.

        Raises:
            _EndedError: the child ended; how.
        """
        began = time.monotonic()
        try:
            return self._exchange(request)
        except (OSError, ValueError, EOFError) as error:
            how = f"crashed (exit code {self.close()})"
            if time.monotonic() - began >= request["timeout"]:
                how = f"did not finish within {request['timeout']:g} s"
            raise _EndedError(how) from error

    def _exchange(self, request: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray]:
        self._requests.write(json.dumps(request).encode() + b"\n")
        self._requests.flush()
        answer = json.loads(self._answers.readline())
        values = np.empty(answer["shape"], np.float32)
        if values.size and self._answers.readinto(values.data.cast("B")) < values.nbytes:
            raise EOFError
        return answer, values

    def close(self) -> int:
        """End the process; return its exit code."""
        with suppress(OSError):  # a request that was never read
            self._requests.close()
        try:
            return self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._answers.close()


_idle: list[_Child] = []


@atexit.register
def _close() -> None:
    while _idle:
        _idle.pop().close()


def _ask(request: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray]:
    """Ask an idle child, or a new one; what a used child cannot read, a new one tries again.

    Raises:
        _EndedError: a new child ended too.
    """
    while True:
        try:
            child, used = _idle.pop(), True
        except IndexError:
            child, used = _Child(), False
        try:
            found = child.ask(request)
        except _EndedError:
            if not used:
                raise
        except BaseException:  # an answer that nobody waits for any more
            child.close()
            raise
        else:
            _idle.append(child)
            return found


def read(file: Path, bands: int, crop: int) -> np.ndarray:
    """Read the variable `ref`, the image; the mask `lbl`, where there is one, is only checked.

    Args:
        file: the .mat file.
        bands: how many the image must have.
        crop: rows and columns to take at the top left; of a smaller image, what there is.

    Returns:
        (rows, columns, bands), float32; what does not fit into that is infinite.

    Raises:
        ContentError: it is no MATLAB file, is damaged, or holds other variables, types or shapes.
        MemoryError: reading it needs more memory than there is, or than a scene may take.
        OSError: it cannot be opened.
    """
    with file.open("rb") as stream:
        head = stream.read(520)
    if not head.startswith(b"MATLAB 5.0") and HDF not in (head[:8], head[512:]):
        raise ContentError("it is not a MATLAB file (version 5 or 7.3)")
    request = {
        "file": str(file.absolute()),
        "version": 5 if head.startswith(b"MATLAB 5.0") else 7,
        "bands": bands,
        "crop": crop,
        "timeout": TIMEOUT,
    }
    try:
        answer, values = _ask(request)
    except _EndedError as error:
        raise ContentError(f"it is damaged: the library that reads it {error}") from error
    if answer["error"] == "memory":
        raise MemoryError(answer["text"])
    if answer["error"]:
        raise ContentError(answer["text"])
    return values
