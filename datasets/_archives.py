"""Zips read in place and tars unpacked, without trust.

An archive from the network, or from a colleague, may name places outside its folder, hold links,
or swell beyond any disk; each of these ends in an `ArchiveError` and leaves nothing behind.
"""

import gzip
import io
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn

from benchmark.errors import RequestError
from datasets._files import sweep, writable

LIMIT = 64 << 30  # bytes an archive may unpack to; Harvard as float64 would be 28 GB
MEMBER_LIMIT = 256 << 20  # bytes of a file that is read in place, whole, into memory
RATIO = 100  # times its own size
RATIO_FLOOR = 64 << 20  # below this many bytes the ratio does not matter
CHUNK = 1 << 18
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, OSError)
# The others' decoders take no bound, so that a few bytes can become gigabytes before any check.
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ArchiveError(RequestError):
    """The fault is the archive's own: damaged, unsafe or too large. Another copy may be fine."""


def _refuse_place(name: str, archive: Path) -> None:
    parts = name.replace("\\", "/").split("/")
    if not name or name.startswith(("/", "\\")) or ":" in parts[0] or ".." in parts:
        raise ArchiveError(
            f"{archive} holds '{name}', which leads out of its folder; it is not the published "
            "archive, delete it and download it again"
        )


def _refuse_kind(name: str, archive: Path) -> NoReturn:
    raise ArchiveError(
        f"{archive} holds '{name}', which is neither a file nor a folder (a link or a device); "
        "it is not the published archive, delete it and download it again"
    )


def _refuse_size(total: int, archive: Path, limit: int) -> None:
    if total > limit or total > max(RATIO_FLOOR, RATIO * archive.stat().st_size):
        raise ArchiveError(
            f"{archive} unpacks to {total:,} bytes or more, beyond the limit (of {limit:,} bytes, "
            f"or {RATIO} times its own size); it is not the published archive, delete it"
        )


@contextmanager
def _readable(archive: Path, kind: str) -> Iterator[None]:
    try:
        yield
    except (*DAMAGE, ValueError) as error:  # the last of a name that is no text
        raise ArchiveError(
            f"{archive} is not a whole {kind} archive ({error}); delete it and download it again"
        ) from error


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
    with _readable(archive, "zip"), zipfile.ZipFile(archive) as opened:
        members = opened.infolist()
        for member in members:
            _refuse_place(member.orig_filename, archive)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                _refuse_kind(member.filename, archive)
            if member.file_size > member_limit or member.compress_type not in PACKINGS:
                raise ArchiveError(
                    f"{archive} holds '{member.filename}' with {member.file_size:,} bytes, packed "
                    f"by method {member.compress_type}; expected {member_limit:,} bytes at most, "
                    "packed by method 0 or 8; delete it and download it again"
                )
        # Reading a member stops at its stated size, so the stated sizes can be relied on.
        _refuse_size(sum(member.file_size for member in members), archive, limit)
        yield opened, [member for member in members if not member.is_dir()]


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
    with _new_folder(target) as made, _readable(archive, "tar"), _unpressed(archive) as whole:
        stream = _Bounded(whole, archive, limit)  # headers swell too, and they go into memory
        # As a stream: decompressed once, and stopped as soon as something is wrong.
        with tarfile.open(fileobj=stream, mode="r|", bufsize=CHUNK) as opened:
            for member in opened:
                _refuse_place(member.name, archive)
                if member.isdir():
                    continue
                content = opened.extractfile(member) if member.isreg() else None
                if content is None or member.issparse():
                    _refuse_kind(member.name, archive)
                total += member.size
                _refuse_size(total, archive, limit)
                _write(made, member.name, content)
        while stream.read(CHUNK):  # to gzip's checksum, which stands at the very end
            pass
    return target


class _Bounded(io.BufferedIOBase):
    """A stream that stops where it has given more than its archive may unpack to."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, archive: Path, limit: int) -> None:
        self.stream, self.archive, self.limit = stream, archive, limit
        self.count = 0

    def read(self, size: int | None = -1) -> bytes:
        chunk = self.stream.read(-1 if size is None else size)
        self.count += len(chunk)
        _refuse_size(self.count, self.archive, self.limit)
        return chunk


def _unpressed(archive: Path) -> IO[bytes] | gzip.GzipFile:
    with archive.open("rb") as file:
        pressed = file.read(2) == b"\x1f\x8b"
    return gzip.open(archive) if pressed else archive.open("rb")


def _write(folder: Path, name: str, content: IO[bytes]) -> None:
    place = folder / name
    with writable(folder.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
        stream = place.open("xb")
    with stream:
        while chunk := content.read(CHUNK):
            with writable(folder.parent):
                stream.write(chunk)


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
