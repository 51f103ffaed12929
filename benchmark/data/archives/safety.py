"""Checks that every archive must pass before any of its content is used.

An archive from the network, or from a colleague, may name paths outside its folder, contain links,
or decompress to more than fits on a disk. Each of these raises an `ArchiveError`.
"""

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn

from benchmark.data.search import readable
from benchmark.errors import RequestError

LIMIT = 64 << 30  # bytes an archive may decompress to; Harvard as float64 would be 28 GB
RATIO = 100  # largest allowed ratio of decompressed to compressed size
RATIO_FLOOR = 64 << 20  # bytes; smaller contents may have any ratio
MOST_MEMBERS = 100_000
SPECIAL = "which is neither a file nor a folder (a link or a device)"
_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, OSError,
    ValueError,  # a name that cannot be decoded
)  # fmt: skip
REMEDY = "delete it and get it again"


class ArchiveError(RequestError):
    """The archive itself is damaged, unsafe or too large; another copy of it may be good."""


class ArchiveSizeError(ArchiveError):
    """It unpacks to more than it may; nothing else is known to be wrong with it."""


@contextmanager
def archive_errors(archive: Path, kind: str) -> Iterator[None]:
    """Turn exceptions about the content of an archive into an ArchiveError of one line."""
    try:
        yield
    except _DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise ArchiveError(
            f"{archive} is not a complete {kind} archive ({reason}); {REMEDY}"
        ) from error


def refuse(archive: Path, content: str) -> NoReturn:
    """Raise an ArchiveError that names the forbidden content."""
    raise ArchiveError(f"{archive} holds {content}; {REMEDY}")


def check_name(name: str, archive: Path) -> None:
    """Raise an ArchiveError for a name that leads out of the target folder."""
    parts = name.replace("\\", "/").split("/")
    if not name or name.startswith(("/", "\\")) or ":" in parts[0] or ".." in parts:
        refuse(archive, f"'{name}', which leads out of its folder")


def check_count(count: int, archive: Path) -> None:
    """Raise an ArchiveError for more members than any data set has."""
    if count > MOST_MEMBERS:
        refuse(archive, f"more than {MOST_MEMBERS:,} files")


def check_size(size: int, archive: Path) -> None:
    """Raise an ArchiveSizeError for an archive that decompresses to more bytes than it may."""
    with readable(archive):
        allowed = min(LIMIT, max(RATIO_FLOOR, RATIO * archive.stat().st_size))
    if size > allowed:
        raise ArchiveSizeError(
            f"{archive} unpacks to more than {allowed:,} bytes, which is the limit or {RATIO} "
            f"times its own size; {REMEDY}"
        )


class BoundedReader(io.BufferedIOBase):
    """A stream of decompressed bytes; raises an ArchiveError for damage or too many bytes.

    Args:
        stream: the stream to read from.
        archive: the archive that it belongs to.
        kind: "zip" or "tar".
    """

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, archive: Path, kind: str) -> None:
        self._stream, self._archive, self._kind = stream, archive, kind
        self._count = 0

    def read(self, size: int | None = -1) -> bytes:
        """Read up to `size` bytes, or everything."""
        with archive_errors(self._archive, self._kind):
            chunk = self._stream.read(-1 if size is None else size)
        self._count += len(chunk)
        check_size(self._count, self._archive)
        return chunk
