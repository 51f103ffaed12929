"""Atomic writes, and lock files that are released when their process ends."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from benchmark.errors import RequestError

# What `flock` answers on a file system without locks, such as NFS mounted without them.
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP)
# Where nothing but this process uses the files: who is told that there are no locks.
_lockless: list[Callable[[str], None]] = []


def write_flushed(file: Path, content: bytes) -> None:
    """Write a file and flush it to the disk.

    Raises:
        OSError: it cannot be written.
    """
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def flush_folder(folder: Path) -> None:
    """Flush a folder's entries, renamed ones included, to the disk."""
    if os.name == "nt":  # folders cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_file(file: Path, content: bytes, option: str = "--results") -> None:
    """Write one file atomically: a reader sees the old content or the new one.

    Only one process at a time may write a file (see `locked`).

    Args:
        file: the file; its folder is created if it is missing.
        content: its complete content.
        option: the command-line option that chooses another folder, for the message.

    Raises:
        RequestError: the folder cannot be written to.
    """
    with writing(file, option), replacing(file) as temporary:
        temporary.write_bytes(content)


@contextmanager
def writing(place: object, option: str = "--results", what: str = "") -> Iterator[None]:
    """Turn an OSError while writing into a RequestError.

    Args:
        place: the file or folder, for the message.
        option: the command-line option that chooses another folder; "" if there is none.
        what: what is written, if the place does not say it.

    Raises:
        RequestError: permission is denied, the disk is full or faulty, or it refuses locks.
    """
    try:
        yield
    except OSError as error:
        other = f"another folder with {option}" if option else "another place"
        if refuses_locks(error):
            raise RequestError(
                f"the file system of {place} refuses locks ({error.strerror}), which keep two runs "
                f"from computing one cell; mount it with locks, or choose {other}"
            ) from error
        raise RequestError(
            f"cannot write {what} to {place}: {error.strerror or error}; {_remedy(error)} or "
            f"choose {other}"
        ) from error


def refuses_locks(error: BaseException) -> bool:
    """Return True for an error of a file system without locks."""
    return isinstance(error, OSError) and error.errno in _NO_LOCKS


def _remedy(error: OSError) -> str:
    """Return what to do where something cannot be written."""
    if error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR):
        return "move away what has that name"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "allow writing there"
    return "free space there"


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Replace a file atomically by a temporary file in the same folder.

    The temporary name is fixed, so that leftovers of a killed process are overwritten. Only one
    process at a time may write a file (see `locked`).

    Args:
        file: the file to create or replace; its folder is created if it is missing.

    Yields:
        The temporary file to write. It is renamed at the end, or removed after an exception.

    Raises:
        OSError: the folder cannot be written to.
    """
    temporary = file.with_name(f".{file.name}.part")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield temporary
        with temporary.open("r+b") as stream:
            os.fsync(stream.fileno())
        temporary.replace(file)
        flush_folder(file.parent)
    finally:
        temporary.unlink(missing_ok=True)


def older(file: Path) -> Path:
    """Return the path of the previous version of a file."""
    return file.with_name(f"{file.name}.old")


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Wait for a lock file and hold it; it is released when the process ends, at the latest.

    Raises:
        OSError: the folder cannot be written to.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(file)
    take(lock)
    try:
        yield
    finally:
        release(lock)


@contextmanager
def without_locks(report: Callable[[str], None]) -> Iterator[None]:
    """Go on without locks on file systems that refuse them.

    This is safe where something else, such as a batch system, gives each cell to one process.

    Args:
        report: called once with a line that says so.
    """
    _lockless.append(report)
    try:
        yield
    finally:
        _lockless.pop()


def take(lock: FileLock, timeout: float = -1) -> None:
    """Acquire a lock; go on without it where that is allowed (see `without_locks`).

    Args:
        lock: the lock.
        timeout: seconds to wait; negative for no limit.

    Raises:
        Timeout: another process holds it.
        OSError: it cannot be written, or its file system refuses locks.
    """
    try:
        lock.acquire(timeout=timeout)
    except OSError as error:
        if isinstance(error, Timeout) or not refuses_locks(error) or not _lockless:
            raise
        report, _lockless[-1] = _lockless[-1], _no_report
        report(
            f"note: the file system of {Path(lock.lock_file).parent} refuses locks "
            f"({error.strerror}); this goes on without them, so start no other run on this folder"
        )


def _no_report(text: str) -> None:
    """Keep silent, as the user has been told."""


def release(lock: FileLock) -> None:
    """Release a lock and remove its file; a process that waits for it creates another."""
    with suppress(OSError):  # an open file cannot be removed on Windows
        Path(lock.lock_file).unlink()
    lock.release()
