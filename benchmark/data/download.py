"""Atomic downloads: a file appears complete, or not at all."""

import errno
import hashlib
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark.data.search import log
from benchmark.errors import RequestError, counted
from benchmark.store.files import locked, replacing, writing

CHUNK = 1 << 18
# Of the file system here: another mirror would fail too.
_LOCAL = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO),
    *(errno.EROFS, errno.EACCES, errno.EPERM),
)


def download(
    urls: Sequence[str],
    target: Path,
    size: int | None = None,
    sha256: str | None = None,
    check: Callable[[Path], object] | None = None,
) -> Path:
    """Download a file from the first mirror that delivers all of it.

    `target` appears only when it is complete. An interrupted download starts again from the
    beginning. If another process is downloading the same file, wait for it, and take its file.

    Args:
        urls: the mirrors, tried in turn.
        target: path of the file; an existing one is replaced.
        size: its bytes, if known; the length that the server announces is always checked.
        sha256: its checksum in hexadecimal digits, if known.
        check: called with the temporary file before it is renamed; may raise RequestError.

    Returns:
        `target`.

    Raises:
        RequestError: no mirror delivered the file (the message has the reason for each), or it
            cannot be written.
    """
    failures = []
    before = _version(target)
    with writing(target.parent, "--data"), locked(target.with_name(f".{target.name}.lock")):
        if _version(target) not in (None, before) and _is_right(target, size, sha256, check):
            return target
        for url in urls:
            log(f"downloading {url} to {target}" + (f" ({counted(size, 'byte')})" if size else ""))
            try:
                with replacing(target) as temporary:
                    _receive(url, temporary)
                    _verify(temporary, size, sha256)
                    if check:
                        check(temporary)
            except (OSError, ValueError, RequestError) as error:
                if isinstance(error, OSError) and error.errno in _LOCAL:
                    raise
                failures.append(f"{url}: {_reason(error)}")
            else:
                return target
    raise RequestError(
        f"{target.name} could not be downloaded ({'; '.join(failures)}); try again later, or "
        f"get it with a browser and put it at {target}"
    )


def _version(file: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file is replaced; None if there is none."""
    try:
        facts = file.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


def _is_right(
    file: Path, size: int | None, sha256: str | None, check: Callable[[Path], object] | None
) -> bool:
    """Return whether a file that another process has downloaded is the one that is wanted."""
    try:
        _verify(file, size, sha256)
        if check:
            check(file)
    except (OSError, ValueError, RequestError):
        return False
    return True


def _receive(url: str, file: Path) -> None:
    """Write the response to a file; a body shorter than announced raises an OSError."""
    from pooch import HTTPDownloader

    fetch = HTTPDownloader(
        progressbar=sys.stderr.isatty(),
        chunk_size=CHUNK,
        headers={"Accept-Encoding": "identity"},  # so that the length is the file's
    )
    fetch(url, str(file), None)


def _verify(file: Path, size: int | None, sha256: str | None) -> None:
    actual = file.stat().st_size
    if size is not None and actual != size:
        raise ValueError(f"expected {counted(size, 'byte')}, got {actual:,}")
    if sha256 is not None:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != sha256.lower():
            raise ValueError(f"expected SHA-256 {sha256}, got {digest}")


def _reason(error: Exception) -> str:
    """Return the cause (no such host, refused, timed out) without the names of wrapping classes."""
    wrapped = getattr(error.args[0], "reason", None) if error.args else None
    return re.sub(r"^\w+\(.*?\): ", "", str(wrapped or error))
