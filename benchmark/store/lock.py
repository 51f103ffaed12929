"""Locks on cells, so that several runs on one results folder share the work."""

import shutil
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from benchmark.store.address import Address
from benchmark.store.files import older, release, take, writing

WORK = ".work"
PROGRESS, QUEUED = "progress.json", "queued.json"
# Attempts to create folders that other processes may remove at the same time.
_MAX_TRIES = 100


class CellLock:
    """The lock of one cell; the operating system releases it when its process dies.

    `.work/<the cell's path>/` below the results folder contains the lock file, and the checkpoints
    of the training, named by the cell's key.

    Args:
        results: the results folder.
        address: the cell's address.
        key: the cell's key.

    Attributes:
        checkpoint: path of the newest checkpoint.
        checkpoints: paths of the newest checkpoint and of the one before.
        progress: says where the cell is computed and how far it is, while the lock is held.
        queued: says which job of a batch system is to compute it.
    """

    def __init__(self, results: Path, address: Address, key: str) -> None:
        self._cell = address.folder(results)
        self._folder = address.folder(results / WORK)
        self.checkpoint = self._folder / f"{key[:16]}.checkpoint"
        self.progress = self._folder / PROGRESS
        self.queued = self._folder / QUEUED
        self.checkpoints = (self.checkpoint, older(self.checkpoint))
        self._lock = FileLock(self._folder / "lock")

    def acquire(self) -> bool:
        """Acquire the lock; return False if another process holds it.

        Raises:
            RequestError: the results folder cannot be written to.
        """
        with writing(self._folder):
            if not self._try_lock():
                return False
            self._delete_temporary()
        return True

    def locked(self) -> bool:
        """Return True if another process holds the lock."""
        if not Path(self._lock.lock_file).exists():
            return False
        try:
            with self._lock.acquire(timeout=0):
                return False
        except (Timeout, OSError):
            return True

    def clean_up(self) -> None:
        """Delete leftovers of a process that was killed right after it had stored its cell."""
        if self._folder.exists() and self.acquire():
            self.delete_checkpoint()
            self.release()

    def delete_checkpoint(self) -> None:
        """Delete the checkpoints and what was queued; called when the cell is stored.

        Those of another key are deleted too if they are older than the cell: nothing goes on from
        them. A later one may be of a version that is tried and will be continued.
        """
        former = (file for file in self._folder.glob("*.checkpoint*") if self._is_former(file))
        for file in (*self.checkpoints, self.queued, *former):
            file.unlink(missing_ok=True)

    def release(self) -> None:
        """Release the lock and remove its folders, unless they contain a checkpoint."""
        self.progress.unlink(missing_ok=True)
        release(self._lock)
        self._remove_folders()

    def delete_job(self) -> None:
        """Delete what was queued; called when the cell is stored, or its job is gone."""
        self.queued.unlink(missing_ok=True)
        self._remove_folders()

    def forget_progress(self) -> None:
        """Remove the record of a cell that runs on a machine that does not share the folder."""
        self.progress.unlink(missing_ok=True)
        self._remove_folders()

    def _is_former(self, file: Path) -> bool:
        """Return True for a file that is older than the stored cell."""
        with suppress(OSError):
            return file.stat().st_mtime_ns <= (self._cell / "cell.json").stat().st_mtime_ns
        return False

    def _remove_folders(self) -> None:
        folder = self._folder
        with suppress(OSError):  # up to the first folder that is not empty
            while folder.name != WORK:
                folder.rmdir()
                folder = folder.parent
            folder.rmdir()

    def _try_lock(self) -> bool:
        for remaining in reversed(range(_MAX_TRIES)):
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                take(self._lock, 0)
            except Timeout:
                return False
            except (FileNotFoundError, FileExistsError):  # another process removes its folders
                if not remaining:
                    raise
            else:
                break
        return True

    def _delete_temporary(self) -> None:
        """Delete temporary folders of a killed writer; the lock keeps others from writing."""
        for leftover in self._cell.parent.glob(f".{self._cell.name}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
