"""Checkpoints of a training: written atomically, verified by a checksum, read without pickle."""

import hashlib
import io
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from benchmark.engine.machine.device import is_out_of_memory
from benchmark.errors import RequestError
from benchmark.store.files import older, write_file

_CHECKSUM = 64  # hexadecimal digits of a SHA-256, before the content
_DEVICES = "devices"  # in a file, beside the state


class Stopped(Exception):  # noqa: N818 - no error: the user asked for it
    """The training was stopped by request, after saving a checkpoint."""


class NullCheckpointer:
    """No-op checkpointer: saves nothing, never stops the training."""

    def load(self) -> dict[str, Any] | None:
        """Return the state to resume from, or None."""
        return None

    def reject(self, error: Exception) -> None:
        """Discard the checkpoint that `load` returned; called if restoring from it failed."""

    def due(self) -> bool:
        """Return True if it is time to save."""
        return False

    @property
    def stopping(self) -> bool:
        """True if the training is to stop now."""
        return False

    def save(self, state: dict[str, Any]) -> None:
        """Save a state."""


class Checkpointer(NullCheckpointer):
    """Keeps the last two states of a cell's training in two files.

    The older one is a fallback in case a power failure damages the newer one.

    Args:
        file: path of the newer one; the older one has the suffix `.old`.
        every: minimum interval between two saves, in seconds.
        should_stop: called after every step; True stops the training.
        report: called with each message for the user.
        device: name of the device that computes what is saved.
    """

    def __init__(
        self,
        file: Path,
        every: float,
        should_stop: Callable[[], bool],
        report: Callable[[str], None],
        device: str,
    ) -> None:
        self.file = file
        self.older = older(file)
        self._every = every
        self._should_stop = should_stop
        self._report = report
        self._device = device
        self._devices = [device]
        self._saved = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Return the newest valid state, or None; report and delete damaged files.

        Raises:
            MemoryError, torch.OutOfMemoryError: there is too little memory to read it; it stays.
            RequestError: none can be read, though there is one; it stays.
        """
        unread: dict[Path, OSError] = {}
        for file in (self.file, self.older):
            try:
                state = _read(file)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except Exception as error:  # a damaged file may raise anything
                if is_out_of_memory(error):
                    raise
                if isinstance(error, OSError):
                    # A network's file system may fail for a moment, and the content be good.
                    unread[file] = error
                else:
                    self._discard(file, error)
                continue
            for one, why in unread.items():
                self._discard(one, why)
            before = state.pop(_DEVICES, [])  # not in the checkpoints of older versions
            self._devices = list(dict.fromkeys([*before, self._device]))
            return state
        if unread:
            file, why = next(iter(unread.items()))
            raise RequestError(
                f"the checkpoint {file} cannot be read: {why.strerror or why}; it is kept: run the "
                "same command again when it can be read, or delete it to train from the start"
            ) from why
        return None

    def _discard(self, file: Path, error: Exception) -> None:
        """Report and delete a file; otherwise the next save would replace the older one by it."""
        self._report(f"checkpoint {file} cannot be used ({error}); trying the previous one")
        file.unlink(missing_ok=True)

    def reject(self, error: Exception) -> None:
        """Report and delete the checkpoints; the training starts over."""
        why = f"{type(error).__name__}: {error}"
        self._report(f"checkpoint {self.file} cannot be used ({why}); the training starts over")
        self._devices = [self._device]
        self.remove()

    def due(self) -> bool:
        """Return True when the last save is at least `every` seconds ago."""
        return time.monotonic() - self._saved >= self._every

    @property
    def stopping(self) -> bool:
        """True if the training is to stop now."""
        return self._should_stop()

    def save(self, state: dict[str, Any]) -> None:
        """Write a state; report a failure, such as a full disk, instead of raising."""
        stream = io.BytesIO()
        torch.save({**state, _DEVICES: self._devices}, stream)
        content = stream.getvalue()
        checksum = hashlib.sha256(content).hexdigest().encode()
        try:
            with suppress(FileNotFoundError):
                self.file.replace(self.older)
            write_file(self.file, checksum + content)
        except (RequestError, OSError) as error:
            self._report(f"no checkpoint: {error}; the training continues without")
        self._saved = time.monotonic()

    @property
    def warnings(self) -> list[str]:
        """A note for the tables if what was saved on one device is continued on another."""
        if len(self._devices) == 1:
            return []
        where = ", then on ".join(self._devices)
        return [f"interrupted, and computed on {where}: on one of them alone it has other numbers"]

    def remove(self) -> None:
        """Delete both files."""
        for file in (self.file, self.older):
            file.unlink(missing_ok=True)


def _read(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    if hashlib.sha256(content[_CHECKSUM:]).hexdigest().encode() != content[:_CHECKSUM]:
        raise ValueError("its checksum does not match")
    state: dict[str, Any] = torch.load(
        io.BytesIO(content[_CHECKSUM:]), map_location="cpu", weights_only=True
    )
    return state
