"""Zips read in place, without trust; see `_archives.py` for what is refused."""

import io
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from benchmark.data.archives.safety import (
    LIMIT,
    ArchiveError,
    opened,
    readable,
    refuse_kind,
    refuse_name,
    refuse_number,
    refuse_place,
    refuse_size,
)
from benchmark.data.search import MOST_BYTES

MEMBER_LIMIT = MOST_BYTES  # bytes of a file that is read in place, whole, into memory
# The others' decoders take no bound, so that a few bytes can become gigabytes before any check.
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@contextmanager
def open_zip(
    archive: Path, limit: int = LIMIT, member_limit: int = MEMBER_LIMIT
) -> Iterator[tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]]:
    """Open a zip and check its directory, before anything in it is read.

    Args:
        archive: the file.
        limit: bytes that it may unpack to.
        member_limit: bytes that one file in it may have.

    Yields:
        The archive and its files' `ZipInfo`s (folders are left out).

    Raises:
        ArchiveError: it is damaged or no zip, or a member is unsafe; which.
    """
    with (
        opened(archive) as stream,
        readable(archive, "zip"),
        zipfile.ZipFile(stream) as whole,
    ):
        members = whole.infolist()
        refuse_number(len(members), archive)
        if _stated(stream) not in (len(members) & 0xFFFF, 0xFFFF):  # all ones: the count is longer
            raise zipfile.BadZipFile(f"its directory breaks off after {len(members)} files")
        seen: set[str] = set()
        for member in members:
            refuse_place(member.orig_filename, archive)
            if member.filename in seen:
                refuse_name(member.filename, archive)
            seen.add(member.filename)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                refuse_kind(member.filename, archive)
            if member.file_size > member_limit or member.compress_type not in PACKINGS:
                raise ArchiveError(
                    f"{archive} holds '{member.filename}' with {member.file_size:,} bytes, packed "
                    f"by method {member.compress_type}; expected {member_limit:,} bytes at most, "
                    "packed by method 0 or 8; delete it and download it again"
                )
        refuse_size(sum(member.file_size for member in members), archive, limit)
        yield whole, [member for member in members if not member.is_dir()]


def read_member(opened: zipfile.ZipFile, name: str) -> bytes:
    """Read a member of a zip, and unpack no more of it than its stated size.

    Left to itself, `ZipFile.read` unpacks whatever there is before it looks at the size.

    Raises:
        zipfile.BadZipFile: it is damaged, or its size is another; and more that `open_zip` turns
            into an ArchiveError.
    """
    with opened.open(name) as stream:
        return stream.read(opened.getinfo(name).file_size + 1)  # to the end, and its checksum


def _stated(stream: IO[bytes]) -> int:
    """Read from a zip's end how many members it should have."""
    end = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, end - (1 << 16) - 22))  # a comment may follow
    tail = stream.read()
    place = tail.rfind(b"PK\x05\x06") + 10
    return int.from_bytes(tail[place : place + 2], "little")
