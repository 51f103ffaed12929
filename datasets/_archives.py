"""Files as data sets come: searched for below a folder, downloaded, unpacked without trust.

An archive from the network, or from a colleague, may name places outside its folder, hold links,
or swell beyond any disk; each of these ends in a `RequestError` and leaves nothing behind.
"""

import gzip
import hashlib
import os
import shutil
import stat
import sys
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, NoReturn

from benchmark.errors import RequestError

DEPTH = 5  # root/cave/CAVE/complete_ms_data/balloons_ms/balloons_ms is the deepest seen
MOST_FILES = 100_000
LIMIT = 64 << 30  # bytes an archive may unpack to; Harvard as float64 would be 28 GB
RATIO = 100  # times its own size
RATIO_FLOOR = 64 << 20  # below this many bytes the ratio does not matter
CHUNK = 1 << 18
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, OSError)
BLOCKED = "cannot be written to ({reason}); make room, or choose another folder with --data"


@dataclass
class Found:
    """What a search saw: files and folders, in a fixed order."""

    files: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)


def say(line: str) -> None:
    """Tell the user what takes long; on stderr, as the tables go to stdout."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def search(root: Path, opens: Callable[[str], bool]) -> Found:
    """List the files below `root`, down to a few levels.

    Args:
        root: the folder to look in; nothing is found where there is none.
        opens: says of a folder directly in `root`, by name, whether to look inside.

    Raises:
        RequestError: a folder cannot be read, or there are far too many files.
    """
    found = Found()
    if root.is_dir():
        _look(root, found, opens, DEPTH)
    return found


def _look(folder: Path, found: Found, opens: Callable[[str], bool], depth: int) -> None:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
        for entry in entries:
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                continue
            if not entry.is_dir():  # links count as what they lead to: people link their data
                found.files.append(Path(entry.path))
            elif depth and opens(entry.name):
                found.folders.append(Path(entry.path))
                _look(Path(entry.path), found, lambda _: True, depth - 1)
    except OSError as error:
        raise RequestError(
            f"cannot look into {folder}: {error.strerror or error}; make it readable"
        ) from error
    if len(found.files) > MOST_FILES:
        raise RequestError(
            f"more than {MOST_FILES} files below {folder}; point --data at the data sets' folder"
        )


def stamp(files: Iterable[Path], root: Path) -> str:
    """Hash names (relative to `root`), sizes and times, so that a change of the files shows."""
    lines = []
    for file in set(files):
        facts = file.stat()
        lines.append(f"{file.relative_to(root).as_posix()}\t{facts.st_size}\t{facts.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


class _Arriving:
    """A stream that counts and hashes what is written, and stops what is longer than expected."""

    def __init__(self, stream: IO[bytes], size: int | None) -> None:
        self.stream, self.size = stream, size
        self.count, self.digest = 0, hashlib.sha256()

    def write(self, chunk: bytes) -> int:
        self.count += len(chunk)
        if self.size is not None and self.count > self.size:
            raise ValueError(f"more than the expected {self.size} bytes")
        self.digest.update(chunk)
        return self.stream.write(chunk)

    def flush(self) -> None:
        """Leave flushing to the end: pooch asks for it after every chunk."""


def download(
    urls: Sequence[str],
    target: Path,
    size: int | None = None,
    sha256: str | None = None,
    check: Callable[[Path], object] | None = None,
) -> Path:
    """Download a file from the first mirror that has it whole; `target` appears only then.

    Args:
        urls: the mirrors, tried in turn.
        target: where the file goes; one that is there is replaced.
        size: its bytes, where known; else what the server announces.
        sha256: its hash, where known.
        check: called with the downloaded file before it gets its name; raises RequestError.

    Returns:
        `target`.

    Raises:
        RequestError: no mirror delivered the file; why, for each.
    """
    reasons = []
    with _writable(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(f".{target.name}-*.part"):
            if time.time() - left.stat().st_mtime > 3600:  # younger ones may still be growing
                left.unlink(missing_ok=True)
        part = target.with_name(f".{target.name}-{os.getpid()}.part")
        part.touch()
    try:
        for url in urls:
            say(f"downloading {url} to {target}" + (f" ({size:,} bytes)" if size else ""))
            try:
                _receive(url, part, size, sha256)
                if check:
                    check(part)
                part.replace(target)
                return target
            except (OSError, ValueError, RequestError) as error:
                reasons.append(f"{url}: {error}")
    finally:
        part.unlink(missing_ok=True)
    raise RequestError(
        f"{target.name} could not be downloaded ({'; '.join(reasons)}); try again later, or "
        f"get it with a browser and put it at {target}"
    )


def _receive(url: str, part: Path, size: int | None, sha256: str | None) -> None:
    from pooch import HTTPDownloader

    announced: list[int] = []

    def note(response: Any, *_: Any, **__: Any) -> None:
        # A body that the server compressed on the way has another length than the file.
        length = response.headers.get("Content-Length", "")
        if response.ok and length.isdigit() and "Content-Encoding" not in response.headers:
            announced[:] = [int(length)]

    shows = sys.stderr.isatty() and find_spec("tqdm") is not None
    fetch = HTTPDownloader(
        progressbar=shows,
        chunk_size=CHUNK,
        headers={"Accept-Encoding": "identity"},
        hooks={"response": note},
    )
    with part.open("wb") as stream:
        arriving = _Arriving(stream, size)
        fetch(url, arriving, None)
        stream.flush()
        os.fsync(stream.fileno())
    expected = size if size is not None else next(iter(announced), None)
    if expected is not None and arriving.count != expected:
        raise ValueError(f"expected {expected} bytes, got {arriving.count}")
    if sha256 is not None and arriving.digest.hexdigest() != sha256.lower():
        raise ValueError(f"expected SHA-256 {sha256}, got {arriving.digest.hexdigest()}")


def _refuse_place(name: str, archive: Path) -> None:
    parts = name.replace("\\", "/").split("/")
    if not name or name.startswith(("/", "\\")) or ":" in parts[0] or ".." in parts:
        raise RequestError(
            f"{archive} holds '{name}', which leads out of its folder; it is not the published "
            "archive, delete it and download it again"
        )


def _refuse_kind(name: str, archive: Path) -> NoReturn:
    raise RequestError(
        f"{archive} holds '{name}', which is neither a file nor a folder (a link or a device); "
        "it is not the published archive, delete it and download it again"
    )


def _refuse_size(total: int, archive: Path, limit: int) -> None:
    if total > limit or total > max(RATIO_FLOOR, RATIO * archive.stat().st_size):
        raise RequestError(
            f"{archive} unpacks to {total:,} bytes or more, beyond the limit (of {limit:,} bytes, "
            f"or {RATIO} times its own size); it is not the published archive, delete it"
        )


@contextmanager
def _readable(archive: Path, kind: str) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise RequestError(
            f"{archive} is not a whole {kind} archive ({error}); delete it and download it again"
        ) from error


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise RequestError(f"{folder} {BLOCKED.format(reason=reason)}") from error


@contextmanager
def open_zip(archive: Path, limit: int = LIMIT) -> Iterator[tuple[zipfile.ZipFile, list[Any]]]:
    """Open a zip and check its directory, before anything in it is read.

    Args:
        archive: the file.
        limit: bytes that it may unpack to.

    Yields:
        The archive and its files' `ZipInfo`s (folders are left out).

    Raises:
        RequestError: it is damaged or no zip, or a member is unsafe; which.
    """
    with _readable(archive, "zip"), zipfile.ZipFile(archive) as opened:
        members = opened.infolist()
        for member in members:
            _refuse_place(member.orig_filename, archive)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                _refuse_kind(member.filename, archive)
        # Reading a member stops at its stated size, so the stated sizes can be relied on.
        _refuse_size(sum(member.file_size for member in members), archive, limit)
        yield opened, [member for member in members if not member.is_dir()]


def unpack_zip(archive: Path, target: Path, limit: int = LIMIT) -> Path:
    """Unpack a zip into the new folder `target`, which appears only when it is complete.

    A lone top folder with `target`'s name is not doubled.

    Raises:
        RequestError: damaged, unsafe or too large archive; `target` exists; no room.
    """
    with _new_folder(target) as made, open_zip(archive, limit) as (opened, members):
        for member in members:
            with opened.open(member) as content:
                _write(made, member.filename, content)
    return target


def unpack_tar(archive: Path, target: Path, limit: int = LIMIT) -> Path:
    """Unpack a tar, compressed or not, as `unpack_zip` does a zip.

    Raises:
        RequestError: damaged, unsafe or too large archive; `target` exists; no room.
    """
    total = 0
    with _new_folder(target) as made, _readable(archive, "tar"), _unpressed(archive) as stream:
        # As a stream: decompressed once, and stopped as soon as something is wrong.
        with tarfile.open(fileobj=stream, mode="r|") as opened:
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
        while chunk := stream.read(CHUNK):  # to gzip's checksum, which stands at the very end
            total += len(chunk)
            _refuse_size(total, archive, limit)
    return target


def _unpressed(archive: Path) -> IO[bytes]:
    with archive.open("rb") as file:
        pressed = file.read(2) == b"\x1f\x8b"
    return gzip.open(archive) if pressed else archive.open("rb")  # type: ignore[return-value]


def _write(folder: Path, name: str, content: IO[bytes]) -> None:
    place = folder / name
    with _writable(folder.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
        stream = place.open("xb")
    with stream:
        while chunk := content.read(CHUNK):
            with _writable(folder.parent):
                stream.write(chunk)


@contextmanager
def _new_folder(target: Path) -> Iterator[Path]:
    """Give a folder beside `target` to fill; it takes the name at the end, or is removed."""
    if target.exists():
        raise RequestError(f"cannot unpack to {target}: it is there already; move it away")
    with _writable(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield made
        with _writable(target.parent):
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
