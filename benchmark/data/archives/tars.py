"""Tars unpacked without trust; see `_archives.py` for what is refused.

What is packed (.tgz) carries a checksum of everything; a plain tar has one of each name and size,
and none of the contents.
"""

import errno
import gzip
import io
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from benchmark.data.archives.safety import (
    LIMIT,
    opened,
    readable,
    refuse_kind,
    refuse_name,
    refuse_number,
    refuse_place,
    refuse_size,
)
from benchmark.data.search import sweep, writable
from benchmark.errors import RequestError

CHUNK = 1 << 18
MOST_HEADER = 1 << 14  # bytes of a long name or of other facts, which tarfile may take long over
HEADERS = b"LKxgX"  # tar's types that hold such facts of the member that follows
NAME_FAULTS = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG)


def unpack_tar(archive: Path, target: Path, limit: int = LIMIT) -> Path:
    """Unpack a tar, compressed or not, into the new folder `target`.

    `target` appears only when it is complete. A lone top folder with its name is not doubled.

    Args:
        archive: the file.
        target: the folder to make.
        limit: bytes that it may unpack to.

    Returns:
        `target`.

    Raises:
        ArchiveError: the archive is damaged, unsafe or too large.
        RequestError: `target` exists, or there is no room.
    """
    total = 0
    with opened(archive) as file, _new_folder(target) as made, readable(archive, "tar"):
        stream = _Bounded(_unpressed(file), archive, limit)  # headers and folders swell too
        # As a stream: decompressed once, and stopped as soon as something is wrong.
        with tarfile.open(fileobj=stream, mode="r|", bufsize=CHUNK, tarinfo=_Member) as members:
            for count, member in enumerate(members):
                refuse_number(count, archive)
                refuse_place(member.name, archive)
                if member.isdir():
                    continue
                content = members.extractfile(member) if member.isreg() else None
                if content is None or member.issparse():
                    refuse_kind(member.name, archive)
                total += member.size
                refuse_size(total, archive, limit)
                _write(made, member.name, content, archive)
        while stream.read(CHUNK):  # to gzip's checksum, which stands at the very end
            pass
    return target


class _Member(tarfile.TarInfo):
    """A member whose header is whole; tarfile would take a damaged one for the archive's end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Member":
        """Read a header of 512 bytes."""
        try:
            made = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if not any(buf):  # the end, as it should be
                raise
            raise tarfile.ReadError(str(error)) from error
        if made.size < 0 or (made.type in HEADERS and made.size > MOST_HEADER):
            raise tarfile.ReadError(f"a header of {made.size:,} bytes")
        return made


class _Bounded(io.BufferedIOBase):
    """A stream that stops where it has given more than its archive may unpack to."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, archive: Path, limit: int) -> None:
        self.stream, self.archive, self.limit = stream, archive, limit
        self.count = 0

    def read(self, size: int | None = -1) -> bytes:
        chunk = self.stream.read(-1 if size is None else size)
        self.count += len(chunk)
        refuse_size(self.count, self.archive, self.limit)
        return chunk


def _unpressed(file: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    pressed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.GzipFile(fileobj=file, mode="rb") if pressed else file


def _write(folder: Path, name: str, content: IO[bytes], archive: Path) -> None:
    place = folder / name
    with writable(folder.parent):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            stream = place.open("xb")
        except OSError as error:
            if error.errno in NAME_FAULTS:
                refuse_name(name, archive)
            raise
    try:
        while chunk := content.read(CHUNK):
            with writable(folder.parent):
                stream.write(chunk)
    finally:
        with writable(folder.parent):  # the disk may turn out to be full only now
            stream.close()


@contextmanager
def _new_folder(target: Path) -> Iterator[Path]:
    """Give a folder beside `target` to fill; it takes the name at the end, or is removed."""
    if target.exists():
        raise RequestError(f"cannot unpack to {target}: it is there already; move it away")
    with writable(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target)
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".part", dir=target.parent))
    try:
        yield made
        with writable(target.parent):
            made.chmod(0o755)
            inner = made / target.name
            lone = inner.is_dir() and len(list(made.iterdir())) == 1
            try:
                (inner if lone else made).rename(target)
            except OSError:
                if not target.is_dir():  # else another process was done first
                    raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
