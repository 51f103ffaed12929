"""Claims on cells: two runs on one results folder share the work instead of spoiling it."""

import shutil
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from benchmark.errors import RequestError
from benchmark.store.address import Address
from benchmark.store.files import older, release

WORK = ".work"
# How often folders are made again that others remove at the same moment.
_TRIES = 100


class CellLock:
    """The right to compute one cell; it ends with its process, however that ends.

    What is needed while a cell is computed lies in `.work/<the cell's path>/` below the results
    folder: the lock, and checkpoints named by the cell's key.

    Args:
        results: the results folder.
        address: which cell.
        key: its key.
    """

    def __init__(self, results: Path, address: Address, key: str) -> None:
        self._cell = address.folder(results)
        self._folder = address.folder(results / WORK)
        self.checkpoint = self._folder / f"{key[:16]}.checkpoint"
        self.checkpoints = (self.checkpoint, older(self.checkpoint))
        self._lock = FileLock(self._folder / "lock")

    def acquire(self) -> bool:
        """Try to get it; False where another process has it.

        Raises:
            RequestError: the results folder cannot be written to.
        """
        try:
            if not self._entered():
                return False
            self._sweep()
        except OSError as error:
            raise RequestError(
                f"cannot write to {self._folder}: {error.strerror or error}; free space there or "
                "choose another folder with --results"
            ) from error
        return True

    def locked(self) -> bool:
        """Say whether another process has it now; leaves nothing behind."""
        if not Path(self._lock.lock_file).exists():
            return False
        try:
            with self._lock.acquire(timeout=0):
                return False
        except (Timeout, OSError):
            return True

    def clean_up(self) -> None:
        """Remove what a process has left that was killed right after its cell was stored."""
        if self._folder.exists() and self.acquire():
            self.delete_checkpoint()
            self.release()

    def delete_checkpoint(self) -> None:
        """Delete the checkpoint: the cell is stored."""
        for file in self.checkpoints:
            file.unlink(missing_ok=True)

    def release(self) -> None:
        """Let go of it; only a checkpoint stays behind."""
        release(self._lock)
        folder = self._folder
        with suppress(OSError):  # until one is not empty
            while folder.name != WORK:
                folder.rmdir()
                folder = folder.parent
            folder.rmdir()

    def _entered(self) -> bool:
        for left in reversed(range(_TRIES)):
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._lock.acquire(timeout=0)
            except Timeout:
                return False
            except (FileNotFoundError, FileExistsError):  # another owner tidies its folders up
                if not left:
                    raise
            else:
                break
        return True

    def _sweep(self) -> None:
        """Remove what a killed writer of this cell has left: nobody else writes it now."""
        for left in self._cell.parent.glob(f".{self._cell.name}-*"):
            shutil.rmtree(left, ignore_errors=True)
