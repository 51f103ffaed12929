"""A zip of cells, read without trust: looked through whole before anything is taken out of it."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.errors import RequestError, plain

MOST_FILES = 100_000  # in a zip; a cell has five at most
LIMIT = 64 << 30  # bytes that a zip may unpack to
RATIO = 100  # times its own size; tables of digits shrink to a tenth
RATIO_FLOOR = 64 << 20  # below this many bytes the ratio does not matter
_LONGEST = 255  # characters of a file's or a folder's name, as file systems have it
# The others' decoders take no bound, so that a few bytes can become gigabytes before any check.
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_PIECE = 1 << 20

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError)


def shown(value: object, most: int = 120) -> str:
    """Make foreign text fit to be shown: one line, no control characters, not endless."""
    text = plain(value)
    return text if len(text) <= most else f"{text[:most]}..."


@contextmanager
def opened(file: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, dict[str, zipfile.ZipInfo]]]]:
    """Open a zip and check its directory, before anything in it is read.

    Yields:
        The archive, and its files by folder and name.

    Raises:
        RequestError: it is damaged or no zip, or something in it is unsafe; what.
    """
    if not file.is_file():
        raise RequestError(f"cannot read {file}: there is no such file")
    try:
        archive = zipfile.ZipFile(file)
    except DAMAGE as error:
        raise RequestError(
            f"{file} is not a whole zip ({shown(error)}); export it again"
        ) from error
    with archive:
        yield archive, _folders(file, archive.infolist())


def pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpack a file piece by piece, and no more of it than its stated size.

    Raises:
        Exception: one of `DAMAGE`: it is cut short, or does not agree with its checksum.
    """
    with archive.open(member) as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _folders(file: Path, members: list[zipfile.ZipInfo]) -> dict[str, dict[str, zipfile.ZipInfo]]:
    size = file.stat().st_size
    found: dict[str, dict[str, zipfile.ZipInfo]] = {}
    if len(members) > MOST_FILES:
        raise _refusal(file, f"{len(members):,} files, expected {MOST_FILES:,} at most")
    for member in members:
        if why := _unsafe(member):
            raise _refusal(file, f"'{shown(member.orig_filename)}', {why}")
        if member.is_dir():
            continue
        folder, _, name = member.filename.rpartition("/")
        if name in found.setdefault(folder, {}):
            raise _refusal(file, f"'{shown(member.filename)}' twice")
        found[folder][name] = member
    total = sum(member.file_size for member in members)
    if total > min(LIMIT, max(RATIO_FLOOR, RATIO * size)):
        raise _refusal(file, f"{size:,} bytes that unpack to {total:,}, beyond any results")
    if sum(member.compress_size for member in members) > size:
        raise _refusal(file, "files that share their bytes")
    if not found:
        raise RequestError(f"{file} holds no cells; make one with: run_all.py export")
    return found


def _unsafe(member: zipfile.ZipInfo) -> str:
    """Say why a member is none of a zip of cells; empty where it may be."""
    name = member.orig_filename.removesuffix("/")
    parts = name.split("/")
    if not name.isprintable() or "\\" in name or ":" in name:
        return "which no cell's file is called"
    if any(part in ("", ".", "..") for part in parts):
        return "which leads out of its folder"
    if max(map(len, parts)) > _LONGEST:
        return f"which has more than {_LONGEST} characters"
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "which is neither a file nor a folder (a link or a device)"
    if member.flag_bits & _ENCRYPTED:
        return "which is encrypted"
    if member.compress_type not in _PACKINGS:
        return f"packed by method {member.compress_type}, expected 0 or 8"
    return ""


def _refusal(file: Path, what: str) -> RequestError:
    return RequestError(f"{file} holds {what}; it is no export of cells, nothing was taken from it")
