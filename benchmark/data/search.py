"""Find, fingerprint and read data files, with clear errors."""

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from benchmark.errors import RequestError

DEPTH = 5  # root/cave/CAVE/complete_ms_data/balloons_ms/balloons_ms is the deepest seen
MOST_FILES = 100_000
_SYSTEM = {"__macosx", "thumbs.db", "desktop.ini"}
MOST_BYTES = 32 << 20  # largest file that is read into memory; CAVE's bands have half a megabyte


@dataclass
class Found:
    """The files and folders that a search found, in a fixed order."""

    files: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)


def log(line: str) -> None:
    """Print a progress message to stderr; stdout is for the tables."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def search(root: Path, opens: Callable[[str], bool]) -> Found:
    """List the files below a folder, down to a few levels.

    Symbolic links are followed, but not back to a folder above them. Pipes and devices are left
    out: reading one may never end.

    Args:
        root: the folder to search; may be missing, then nothing is found.
        opens: called with the name of each folder directly in `root`; True searches it too.

    Raises:
        RequestError: a folder cannot be read, or there are too many files.
    """
    found = Found()
    if not root.is_dir():
        return found
    for where, folders, names in os.walk(root, onerror=_refuse, followlinks=True):
        folder = Path(where)
        depth = len(folder.parts) - len(root.parts)
        folders[:] = [
            name
            for name in sorted(folders)
            if is_data(name)
            and depth < DEPTH
            and (depth or opens(name))
            and not _leads_back(folder / name)
        ]
        found.folders += [folder / name for name in folders]
        files = [folder / name for name in sorted(names) if is_data(name)]
        found.files += [file for file in files if file.is_file()]
        if len(found.files) > MOST_FILES:
            raise RequestError(
                f"more than {MOST_FILES} files below {where}; point --data at the data sets' folder"
            )
    return found


def _leads_back(folder: Path) -> bool:
    """Return True for a link to a folder above it, whose files would be found many times."""
    if not folder.is_symlink():
        return False
    real, above = folder.resolve(), folder.parent.resolve()
    return real == above or real in above.parents


def is_data(name: str) -> bool:
    """Return False for the names of hidden files and of what operating systems add to folders."""
    return not name.startswith(".") and name.lower() not in _SYSTEM


def _refuse(error: OSError) -> NoReturn:
    raise RequestError(
        f"cannot list {error.filename}: {error.strerror or error}; make it readable"
    ) from error


def stamp(files: Iterable[Path], root: Path) -> str:
    """Hash names (relative to `root`), sizes and times; the hash changes with the files.

    Raises:
        RequestError: a file was removed since it was found.
    """
    lines = []
    for file in set(files):
        with readable(file):
            facts = file.stat()
        lines.append(f"{file.relative_to(root).as_posix()}\t{facts.st_size}\t{facts.st_mtime_ns}")
    whole = "\n".join(sorted(lines))
    return hashlib.sha256(whole.encode(errors="surrogateescape")).hexdigest()


def read_file(file: Path) -> bytes:
    """Read a file of moderate size.

    Raises:
        RequestError: it cannot be read, or is larger than `MOST_BYTES`.
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
    """Turn an OSError while reading a file into a RequestError.

    Raises:
        RequestError: it is missing, permission is denied, or the disk is faulty.
    """
    try:
        yield
    except OSError as error:
        raise RequestError(
            f"cannot read {file}: {error.strerror or error}; was it moved or deleted, or do "
            "you lack the permission to read it?"
        ) from error
