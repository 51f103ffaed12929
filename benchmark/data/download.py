"""Downloads that arrive whole or not at all, from the first mirror that has the file."""

import hashlib
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark.data.search import say, writable
from benchmark.errors import RequestError
from benchmark.store.files import locked, replacing

CHUNK = 1 << 18


def download(
    urls: Sequence[str],
    target: Path,
    size: int | None = None,
    sha256: str | None = None,
    check: Callable[[Path], object] | None = None,
) -> Path:
    """Download a file from the first mirror that has it whole; `target` appears only then.

    An interrupted download starts again from the beginning. If another process downloads the same
    file, wait for it.

    Args:
        urls: the mirrors, tried in turn.
        target: where the file goes; an existing one is replaced.
        size: its bytes, where known; what the server announces is checked anyway.
        sha256: its checksum, where known.
        check: called with the downloaded file before it gets its name; raises RequestError.

    Returns:
        `target`.

    Raises:
        RequestError: no mirror delivered the file; why, for each.
    """
    reasons = []
    with writable(target.parent), locked(target.with_name(f".{target.name}.lock")):
        for url in urls:
            say(f"downloading {url} to {target}" + (f" ({size:,} bytes)" if size else ""))
            try:
                with replacing(target) as temporary:
                    _receive(url, temporary)
                    _verify(temporary, size, sha256)
                    if check:
                        check(temporary)
            except (OSError, ValueError, RequestError) as error:
                reasons.append(f"{url}: {_reason(error)}")
            else:
                return target
    raise RequestError(
        f"{target.name} could not be downloaded ({'; '.join(reasons)}); try again later, or "
        f"get it with a browser and put it at {target}"
    )


def _receive(url: str, file: Path) -> None:
    """Write what a server sends; a body that is shorter than announced raises an OSError."""
    from pooch import HTTPDownloader

    fetch = HTTPDownloader(
        progressbar=sys.stderr.isatty(),
        chunk_size=CHUNK,
        headers={"Accept-Encoding": "identity"},  # the file as it is, not compressed on the way
    )
    fetch(url, str(file), None)


def _verify(file: Path, size: int | None, sha256: str | None) -> None:
    found = file.stat().st_size
    if size is not None and found != size:
        raise ValueError(f"expected {size} bytes, got {found}")
    if sha256 is not None:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != sha256.lower():
            raise ValueError(f"expected SHA-256 {sha256}, got {digest}")


def _reason(error: Exception) -> str:
    """Return what happened (no such host, refused, timed out) without the names of wrappers."""
    wrapped = getattr(error.args[0], "reason", None) if error.args else None
    return re.sub(r"^\w+\(.*?\): ", "", str(wrapped or error))
