"""Downloads that arrive whole or not at all, from the first mirror that has the file."""

import hashlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from benchmark.data.search import say, sweep, writable
from benchmark.errors import RequestError

CHUNK = 1 << 18


class _Arriving:
    """A stream that counts and hashes what is written, and stops what is longer than expected."""

    def __init__(self, stream: IO[bytes], size: int | None) -> None:
        self.stream, self.size = stream, size
        self.count, self.digest = 0, hashlib.sha256()

    def write(self, chunk: bytes) -> int:
        self.count += len(chunk)
        if self.size is not None and self.count > self.size:
            raise ValueError(f"more than the expected {self.size} bytes")
        self.digest.update(chunk)
        return self.stream.write(chunk)

    def flush(self) -> None:
        """Leave flushing to the end: pooch asks for it after every chunk."""


def download(
    urls: Sequence[str],
    target: Path,
    size: int | None = None,
    sha256: str | None = None,
    check: Callable[[Path], object] | None = None,
) -> Path:
    """Download a file from the first mirror that has it whole; `target` appears only then.

    An interrupted download starts again from nothing, and what it left is removed in time.

    Args:
        urls: the mirrors, tried in turn.
        target: where the file goes; one that is there is replaced.
        size: its bytes, where known; else what the server announces.
        sha256: its hash, where known.
        check: called with the downloaded file before it gets its name; raises RequestError.

    Returns:
        `target`.

    Raises:
        RequestError: no mirror delivered the file; why, for each.
    """
    reasons = []
    with writable(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target)
        part = target.with_name(f".{target.name}-{os.getpid()}.part")
        part.touch()
    try:
        for url in urls:
            say(f"downloading {url} to {target}" + (f" ({size:,} bytes)" if size else ""))
            try:
                _receive(url, part, size, sha256)
                if check:
                    check(part)
                part.replace(target)
            except (OSError, ValueError, RequestError) as error:
                reasons.append(f"{url}: {_plainly(error)}")
            else:
                return target
    finally:
        part.unlink(missing_ok=True)
        sweep(target)  # again: what was too young before has aged
    raise RequestError(
        f"{target.name} could not be downloaded ({'; '.join(reasons)}); try again later, or "
        f"get it with a browser and put it at {target}"
    )


def _plainly(error: Exception) -> str:
    """Leave out how requests and urllib3 wrap what happened (no such host, refused, timed out)."""
    wrapped = getattr(error.args[0], "reason", None) if error.args else None
    return re.sub(r"^\w+\(.*?\): ", "", str(wrapped or error))


def _receive(url: str, part: Path, size: int | None, sha256: str | None) -> None:
    from pooch import HTTPDownloader

    announced: list[int] = []

    def note(response: Any, *_: Any, **__: Any) -> None:
        # A body that the server compressed on the way has another length than the file.
        length = response.headers.get("Content-Length", "")
        if response.ok and length.isdigit() and "Content-Encoding" not in response.headers:
            announced[:] = [int(length)]

    shows = sys.stderr.isatty() and find_spec("tqdm") is not None
    fetch = HTTPDownloader(
        progressbar=shows,
        chunk_size=CHUNK,
        headers={"Accept-Encoding": "identity"},
        hooks={"response": note},
    )
    with part.open("wb") as stream:
        arriving = _Arriving(stream, size)
        fetch(url, arriving, None)
        stream.flush()
        os.fsync(stream.fileno())
    expected = size if size is not None else next(iter(announced), None)
    if expected is not None and arriving.count != expected:
        raise ValueError(f"expected {expected} bytes, got {arriving.count}")
    if sha256 is not None and arriving.digest.hexdigest() != sha256.lower():
        raise ValueError(f"expected SHA-256 {sha256}, got {arriving.digest.hexdigest()}")
