"""Untrusted zip archives, checked before they are read in place."""

import io
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from benchmark.data.archives.safety import (
    SPECIAL,
    BoundedReader,
    archive_errors,
    check_count,
    check_name,
    check_size,
    refuse,
)
from benchmark.data.search import MOST_BYTES, readable
from benchmark.errors import counted

# Decompressors of other methods have no output limit: a few bytes can expand to gigabytes before
# any check.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1


class CheckedZip:
    """An open zip whose directory has been checked.

    Attributes:
        sizes: name to uncompressed bytes of every file in the zip; folders are left out.
    """

    def __init__(self, content: zipfile.ZipFile, archive: Path) -> None:
        self._content, self._archive = content, archive
        self.sizes = {
            member.filename: member.file_size
            for member in content.infolist()
            if not member.is_dir()
        }

    def open(self, name: str) -> BoundedReader:
        """Open a file in the zip; what is read is checked against its size and CRC-32.

        Raises:
            ArchiveError: it is damaged, now or while it is read.
        """
        with archive_errors(self._archive, "zip"):
            return BoundedReader(self._content.open(name), self._archive, "zip")

    def read(self, name: str) -> bytes:
        """Read a whole file in the zip.

        Raises:
            ArchiveError: it is damaged.
        """
        # Without a size, zipfile would decompress everything before the size is checked.
        return self.open(name).read(self.sizes[name] + 1)


@contextmanager
def open_zip(archive: Path, member_limit: int = MOST_BYTES) -> Iterator[CheckedZip]:
    """Open a zip and check its directory, before any of its content is read.

    Args:
        archive: the file.
        member_limit: largest uncompressed size of a file in it, in bytes.

    Yields:
        The checked zip.

    Raises:
        ArchiveError: it is damaged, is not a zip, or has an unsafe member; the message says which.
        RequestError: it cannot be read.
    """
    with readable(archive):
        stream = archive.open("rb")
    with stream:
        with archive_errors(archive, "zip"):
            content = zipfile.ZipFile(stream)
            _check(content.infolist(), stream, archive, member_limit)
        yield CheckedZip(content, archive)


def _check(
    members: list[zipfile.ZipInfo], stream: IO[bytes], archive: Path, member_limit: int
) -> None:
    check_count(len(members), archive)
    if _declared_count(stream) not in (len(members) & 0xFFFF, 0xFFFF):  # the latter: see ZIP64
        raise zipfile.BadZipFile(f"its directory breaks off after {counted(len(members), 'file')}")
    seen: set[str] = set()
    for member in members:
        name = member.orig_filename
        check_name(name, archive)
        if "\0" in name or member.filename in seen:
            refuse(archive, f"'{name}' twice, or by a name that no file can have")
        seen.add(member.filename)
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            refuse(archive, f"'{name}', {SPECIAL}")
        if member.flag_bits & _ENCRYPTED:
            refuse(archive, f"'{name}', which is encrypted")
        if member.compress_type not in _METHODS:
            refuse(archive, f"'{name}', compressed by method {member.compress_type}, not 0 or 8")
        if member.file_size > member_limit:
            size = f"{member.file_size:,} bytes, expected {member_limit:,} bytes at most"
            refuse(archive, f"'{name}' with {size}")
    if sum(member.compress_size for member in members) > archive.stat().st_size:
        refuse(archive, "files that share their bytes")
    check_size(sum(member.file_size for member in members), archive)


def _declared_count(stream: IO[bytes]) -> int:
    """Read the number of members from the end of a zip; zipfile does not compare it."""
    end = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, end - (1 << 16) - 22))  # a comment may follow
    tail = stream.read()
    start = tail.rfind(b"PK\x05\x06") + 10
    return int.from_bytes(tail[start : start + 2], "little")
