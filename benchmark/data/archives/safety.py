"""Checks that every archive must pass before anything of it is used.

An archive from the network, or from a colleague, may name places outside its folder, hold links,
or decompress to more than any disk holds. Each of these raises an `ArchiveError`.
"""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn, Protocol

from benchmark.data import search
from benchmark.data.search import MOST_FILES
from benchmark.errors import RequestError

LIMIT = 64 << 30  # bytes an archive may decompress to; Harvard as float64 would be 28 GB
RATIO = 100  # times its own size
RATIO_FLOOR = 64 << 20  # below this many bytes the ratio does not matter
CHUNK = 1 << 18
_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, OSError,
    ValueError,  # a name that is no text
)  # fmt: skip
_REMEDY = "delete it and get it again"


class ArchiveError(RequestError):
    """The archive itself is damaged, unsafe or too large; another copy of it may be good."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def open_archive(archive: Path) -> IO[bytes]:
    """Open the file of an archive.

    Raises:
        RequestError: it is missing or unreadable, which does not make it a bad archive.
    """
    with search.readable(archive):
        return archive.open("rb")


@contextmanager
def archive_errors(archive: Path, kind: str) -> Iterator[None]:
    """Turn exceptions about the content of an archive into an ArchiveError of one line."""
    try:
        yield
    except _DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise ArchiveError(
            f"{archive} is not a whole {kind} archive ({reason}); {_REMEDY}"
        ) from error


def refuse(archive: Path, content: str) -> NoReturn:
    """Raise an ArchiveError that says what the archive holds and should not."""
    raise ArchiveError(f"{archive} holds {content}; {_REMEDY}")


def check_name(name: str, archive: Path) -> None:
    """Raise an ArchiveError for a name that leads out of the archive's folder."""
    parts = name.replace("\\", "/").split("/")
    if not name or name.startswith(("/", "\\")) or ":" in parts[0] or ".." in parts:
        refuse(archive, f"'{name}', which leads out of its folder")


def check_count(count: int, archive: Path) -> None:
    """Raise an ArchiveError for more members than a search would visit."""
    if count > MOST_FILES:
        refuse(archive, f"more than {MOST_FILES:,} files")


def max_size(archive: Path, limit: int) -> int:
    """Return how many bytes an archive may decompress to, given its own size."""
    return min(limit, max(RATIO_FLOOR, RATIO * archive.stat().st_size))


def check_size(size: int, allowed: int, archive: Path) -> None:
    """Raise an ArchiveError for an archive that decompresses to more bytes than allowed."""
    if size > allowed:
        raise ArchiveError(
            f"{archive} unpacks to more than {allowed:,} bytes, which is the limit or {RATIO} "
            f"times its own size; {_REMEDY}"
        )


class BoundedReader(io.BufferedIOBase):
    """A stream of decompressed bytes: damage, or more bytes than allowed, is an ArchiveError.

    Args:
        stream: the stream to read from.
        archive: the archive that it belongs to.
        kind: "zip" or "tar".
        allowed: bytes that may be read.
    """

    def __init__(self, stream: _Readable, archive: Path, kind: str, allowed: int) -> None:
        self._stream, self._archive, self._kind, self._allowed = stream, archive, kind, allowed
        self._count = 0

    def read(self, size: int | None = -1) -> bytes:
        """Read up to `size` bytes, or everything."""
        with archive_errors(self._archive, self._kind):
            chunk = self._stream.read(self._allowed + 1 if size is None or size < 0 else size)
        self._count += len(chunk)
        check_size(self._count, self._allowed, self._archive)
        return chunk
