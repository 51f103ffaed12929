"""Checkpoints of a training: written atomically, verified by a checksum, read without pickle."""

import hashlib
import io
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from benchmark.errors import RequestError
from benchmark.store.files import older, write_file

_CHECKSUM = 64  # hexadecimal digits of a SHA-256, before the content


class Stopped(Exception):  # noqa: N818 - no error: the user asked for it
    """The training was told to end early, and has saved a checkpoint."""


class NullCheckpointer:
    """No-op checkpointer: saves nothing, never ends the training."""

    def load(self) -> dict[str, Any] | None:
        """Return the state to resume from, or None."""
        return None

    def reject(self, error: Exception) -> None:
        """Discard what `load` returned: the training could not be restored from it."""

    def due(self) -> bool:
        """Return True when it is time to save."""
        return False

    @property
    def stopping(self) -> bool:
        """True when the training is to end now."""
        return False

    def save(self, state: dict[str, Any]) -> None:
        """Save a state."""


class Checkpointer(NullCheckpointer):
    """Keeps the last two states of one cell's training in two files.

    The older one is a fallback for a power loss that damages the newer one.

    Args:
        file: path of the newer one; the older one has `.old` behind its name.
        every: minimum interval between two saves, in seconds.
        told_to_stop: called once a step; True ends the training.
        say: called with each message for the user.
    """

    def __init__(
        self,
        file: Path,
        every: float,
        told_to_stop: Callable[[], bool],
        say: Callable[[str], None],
    ) -> None:
        self.file = file
        self.older = older(file)
        self._every = every
        self._told_to_stop = told_to_stop
        self._say = say
        self._saved = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Return the newest valid state, or None; report and delete a damaged one."""
        for file in (self.file, self.older):
            if not file.exists():
                continue
            try:
                return _read(file)
            except Exception as error:  # noqa: BLE001 - a damaged file may raise anything
                self._say(f"checkpoint {file} cannot be used ({error}); trying the previous one")
                # It must not replace the older one at the next save.
                file.unlink(missing_ok=True)
        return None

    def reject(self, error: Exception) -> None:
        """Delete the checkpoints, written by another version it seems; the training restarts."""
        why = f"{type(error).__name__}: {error}"
        self._say(f"checkpoint {self.file} cannot be used ({why}); the training starts over")
        self.remove()

    def due(self) -> bool:
        """Return True when the last save is at least `every` seconds ago."""
        return time.monotonic() - self._saved >= self._every

    @property
    def stopping(self) -> bool:
        """True when the training is to end now."""
        return self._told_to_stop()

    def save(self, state: dict[str, Any]) -> None:
        """Write a state; report a failure, such as a full disk, without raising it."""
        stream = io.BytesIO()
        torch.save(state, stream)
        content = stream.getvalue()
        checksum = hashlib.sha256(content).hexdigest().encode()
        try:
            with suppress(FileNotFoundError):
                self.file.replace(self.older)
            write_file(self.file, checksum + content)
        except (RequestError, OSError) as error:
            self._say(f"no checkpoint: {error}; the training continues without")
        self._saved = time.monotonic()

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
