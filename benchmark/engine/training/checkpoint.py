"""Checkpoints of a training: written whole, recognised when torn, read without unpickling."""

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

_SEAL = 64  # hexadecimal digits of a SHA-256


class Stopped(Exception):  # noqa: N818 - no error: the user asked for it
    """Training ended early because it was told to; a checkpoint says where."""


class NullCheckpointer:
    """Keeps nothing and never stops; what a training without checkpoints has."""

    def load(self) -> dict[str, Any] | None:
        """Give the state to go on from, or None."""
        return None

    def reject(self, error: Exception) -> None:
        """Take note that nothing can be made of what `load` gave."""

    def due(self) -> bool:
        """Say whether it is time to save."""
        return False

    @property
    def stopping(self) -> bool:
        """Say whether the training is to end now."""
        return False

    def save(self, state: dict[str, Any]) -> None:
        """Keep a state."""


class Checkpointer(NullCheckpointer):
    """Keeps the last two states of one cell's training in two files.

    The second is there for a power loss that tears the first, whatever the file system promised.

    Args:
        file: where; the older one has `.old` behind its name.
        every: seconds from one to the next.
        told_to_stop: is asked at every step.
        say: takes a line for the user.
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
        """Give the last state that is whole, or None; a torn one is told of."""
        for file in (self.file, self.older):
            if not file.exists():
                continue
            try:
                return _read(file)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it is no state
                self._say(f"checkpoint {file} cannot be used ({error}); an older one, or none, is")
                # It must not take the older one's place at the next save.
                file.unlink(missing_ok=True)
        return None

    def reject(self, error: Exception) -> None:
        """Delete what another version has written, it seems; the training starts over."""
        why = f"{type(error).__name__}: {error}"
        self._say(f"checkpoint {self.file} cannot be used ({why}); the training starts over")
        self.remove()

    def due(self) -> bool:
        """Say whether the last save is long enough ago."""
        return time.monotonic() - self._saved >= self._every

    @property
    def stopping(self) -> bool:
        """Say whether the training is to end now."""
        return self._told_to_stop()

    def save(self, state: dict[str, Any]) -> None:
        """Write a state; the training goes on where there is no room for it."""
        stream = io.BytesIO()
        torch.save(state, stream)
        content = stream.getvalue()
        seal = hashlib.sha256(content).hexdigest().encode()
        try:
            with suppress(FileNotFoundError):
                self.file.replace(self.older)
            write_file(self.file, seal + content)
        except (RequestError, OSError) as error:
            self._say(f"no checkpoint: {error}; the training goes on without")
        self._saved = time.monotonic()

    def remove(self) -> None:
        """Delete both files: the cell is stored, or its state is of no use."""
        for file in (self.file, self.older):
            file.unlink(missing_ok=True)


def _read(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    if hashlib.sha256(content[_SEAL:]).hexdigest().encode() != content[:_SEAL]:
        raise ValueError("it does not agree with its seal")
    state: dict[str, Any] = torch.load(
        io.BytesIO(content[_SEAL:]), map_location="cpu", weights_only=True
    )
    return state
