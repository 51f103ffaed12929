"""Files on this machine: searched for below a folder, stamped, written with clear refusals."""

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.errors import RequestError

DEPTH = 5  # root/cave/CAVE/complete_ms_data/balloons_ms/balloons_ms is the deepest seen
MOST_FILES = 100_000
MOST_BYTES = 32 << 20  # of a file that is read into memory whole; CAVE's bands have half a megabyte
STALE = 600  # seconds; a download that stalls fails long before, and unpacking never rests
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
            # Links count as what they lead to, for people link their data. What is no file is left:
            # reading a pipe or a device may never end.
            if entry.is_file():
                found.files.append(Path(entry.path))
            elif entry.is_dir() and depth and opens(entry.name):
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
    """Hash names (relative to `root`), sizes and times, so that a change of the files shows.

    Raises:
        RequestError: a file has gone since it was found.
    """
    lines = []
    for file in set(files):
        with readable(file):
            facts = file.stat()
        lines.append(f"{file.relative_to(root).as_posix()}\t{facts.st_size}\t{facts.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def whole(file: Path) -> bytes:
    """Read a file.

    Raises:
        RequestError: it cannot be read, or is far larger than any that is meant.
    """
    with readable(file), file.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > MOST_BYTES:
            raise RequestError(
                f"{file} has {size:,} bytes, expected {MOST_BYTES:,} at most; put the right file "
                "there"
            )
        return stream.read(size)


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """Turn what goes wrong while reading a file into one line for the user.

    Raises:
        RequestError: it has gone, there is no right to read it, or the disk is faulty.
    """
    try:
        yield
    except OSError as error:
        raise RequestError(
            f"cannot read {file}: {error.strerror or error}; has it moved since the start, or may "
            "only others read it?"
        ) from error


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Turn what goes wrong while writing below `folder` into one line for the user.

    Raises:
        RequestError: no right to write, no room, or another fault of the disk.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise RequestError(f"{folder} {BLOCKED.format(reason=reason)}") from error


def sweep(target: Path) -> None:
    """Remove what killed processes left beside `target`: `.<name>-*.part`, files or folders.

    Those that changed lately stay, as another process may be filling them.
    """
    for left in target.parent.glob(f".{target.name}-*.part"):
        try:
            changed = max(path.stat().st_mtime for path in (left, *left.rglob("*")))
        except OSError:  # it has just got its name, or another process sweeps too
            continue
        if time.time() - changed > STALE:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
