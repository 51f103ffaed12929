"""Previews kept in the cache folder, by the key and weights of their cell, scene and window."""

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path

import numpy as np

from benchmark.store.files import locked, write_file, writing
from benchmark.tools.images.model import Preview

LIMIT = 2_000_000_000  # bytes; about 5,000 windows of 128 x 128 pixels and 31 bands
_FORMAT = 4  # of the files; to be raised when what they hold changes


class KeptPreviews:
    """The folder of previews; those that were not used for longest go first.

    Args:
        cache: the cache folder.
        limit: maximum number of bytes of all previews.
    """

    def __init__(self, cache: Path, limit: int = LIMIT) -> None:
        self._folder, self._limit = cache / "previews", limit

    def read(self, key: str, scene: str, size: int) -> Preview | None:
        """Read a preview; return None where it is missing or damaged.

        Args:
            key: of the cell and its weights. It covers the data, so the truth depends on nothing
                else.
            scene: the scene.
            size: rows and columns of the window.
        """
        file = self._file(key, scene, size)
        try:
            with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as stored:
                found = Preview(**{field.name: stored[field.name] for field in fields(Preview)})
        except Exception:  # noqa: BLE001 - a damaged archive raises nearly anything
            return None
        with suppress(OSError):  # a folder that cannot be written to can still be read
            os.utime(file)
        return found

    def write(self, key: str, scene: str, size: int, preview: Preview) -> None:
        """Write a preview.

        Raises:
            RequestError: the cache cannot be written to.
        """
        stream = io.BytesIO()
        arrays = {field.name: getattr(preview, field.name) for field in fields(preview)}
        np.savez_compressed(stream, **arrays)
        with self._alone():
            write_file(self._file(key, scene, size), stream.getvalue(), "--cache")

    def prune(self) -> None:
        """Remove the previews that were not used for longest, until the others fit the limit.

        Raises:
            RequestError: the cache cannot be written to.
        """
        if not self._folder.is_dir():
            return
        with self._alone():
            files = [(file, file.stat()) for file in self._folder.glob("*.npz")]
            taken = sum(facts.st_size for _, facts in files)
            for file, facts in sorted(files, key=lambda one: one[1].st_mtime_ns):
                if taken <= self._limit:
                    break
                file.unlink()
                taken -= facts.st_size

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Lock the folder, as two reports may be made at a time."""
        with writing(self._folder, "--cache"), locked(self._folder / ".lock"):
            yield

    def _file(self, key: str, scene: str, size: int) -> Path:
        parts = " ".join(map(str, (key, scene, size, _FORMAT)))
        return self._folder / f"{hashlib.sha256(parts.encode()).hexdigest()[:32]}.npz"
