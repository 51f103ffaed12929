"""Untrusted tar archives, unpacked completely or not at all.

A compressed tar (.tgz) has a checksum of all its bytes; a plain tar has checksums of its headers
only, not of the contents.
"""

import errno
import gzip
import shutil
import tarfile
from pathlib import Path
from typing import IO

from benchmark.data.archives.safety import (
    SPECIAL,
    BoundedReader,
    archive_errors,
    check_count,
    check_name,
    refuse,
)
from benchmark.data.search import readable
from benchmark.errors import RequestError
from benchmark.store.files import locked, writing

CHUNK = 1 << 18
_MAX_HEADER = 1 << 14  # bytes of an extended header; tarfile would read all of it into memory
_EXTENDED = b"LKxgX"  # types of members that extend the header of the next one
_BAD_NAME = "twice, or as a file and a folder, or by a name that cannot be written here"
_NAME_ERRORS = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG)


def unpack_tar(archive: Path, target: Path) -> Path:
    """Unpack a tar, compressed or not, into a new folder.

    `target` appears only when it is complete. A single top-level folder of the same name becomes
    `target` itself. If another process is unpacking to the same path, wait for it.

    Args:
        archive: the file.
        target: the folder to create.

    Returns:
        `target`.

    Raises:
        ArchiveError: the archive is damaged, unsafe or too large.
        RequestError: `target` exists, or cannot be written.
    """
    if target.exists():
        raise RequestError(f"cannot unpack to {target}: it exists already; move it away")
    temporary = target.with_name(f".{target.name}.part")
    with writing(target.parent, "--data"), locked(target.with_name(f".{target.name}.lock")):
        if target.exists():  # unpacked by another process in the meantime
            return target
        shutil.rmtree(temporary, ignore_errors=True)  # left by a killed process
        temporary.mkdir()
        try:
            _extract(archive, temporary)
            inner = temporary / target.name
            lone = inner.is_dir() and len(list(temporary.iterdir())) == 1
            (inner if lone else temporary).rename(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return target


def _extract(archive: Path, folder: Path) -> None:
    names: dict[str, bool] = {}  # of each member; True for a folder

    def check(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
        """Accept files and folders whose names stay inside the target."""
        name = member.name
        check_name(name, archive)
        if not member.isdir() and (not member.isreg() or member.issparse()):
            refuse(archive, f"'{name}', {SPECIAL}")
        if name in names and not (member.isdir() and names[name]):
            refuse(archive, f"'{name}' {_BAD_NAME}")
        names[name] = member.isdir()
        check_count(len(names), archive)
        # Without times: a damaged one may be out of range.
        return tarfile.data_filter(member, path).replace(mtime=None, deep=False)  # type: ignore[arg-type]

    with readable(archive):
        file = archive.open("rb")
    with file, archive_errors(archive, "tar"):
        stream = BoundedReader(_decompressed(file), archive, "tar")
        # As a stream: decompressed once, and stopped at the first violation.
        with (
            tarfile.open(fileobj=stream, mode="r|", bufsize=CHUNK, tarinfo=_Member) as tar,
            writing(folder.parent, "--data"),
        ):
            try:
                tar.extractall(folder, filter=check)  # noqa: S202 - `check` and tarfile's own
            except OSError as error:
                if error.errno not in _NAME_ERRORS:
                    raise
                name = next(reversed(names))
                refuse(archive, f"'{name}' {_BAD_NAME}")
        while stream.read(CHUNK):  # up to the checksum at the end
            pass


def _decompressed(file: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    compressed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.GzipFile(fileobj=file, mode="rb") if compressed else file


class _Member(tarfile.TarInfo):
    """A member with a valid header; tarfile mistakes a damaged one for the end of the archive."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Member":
        """Parse a header of 512 bytes."""
        try:
            member = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if not any(buf):  # the end
                raise
            raise tarfile.ReadError(str(error)) from error
        if member.size < 0 or (member.type in _EXTENDED and member.size > _MAX_HEADER):
            raise tarfile.ReadError(f"a header of {member.size:,} bytes")
        return member
