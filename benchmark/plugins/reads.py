"""Record which files are read while a plugin is imported."""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import all_suffixes
from pathlib import Path
from typing import Any

_recordings: list[set[str]] = []


def _record(event: str, arguments: tuple[Any, ...]) -> None:
    """Record a file that Python opens for reading; called for every event that Python audits."""
    if event != "open" or not _recordings:
        return
    path, _, flags = arguments
    reads = isinstance(flags, int) and not flags & (os.O_WRONLY | os.O_RDWR)
    if reads and isinstance(path, str | bytes | os.PathLike):
        _recordings[-1].add(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - resolves no links


sys.addaudithook(_record)  # cannot be removed again


@contextmanager
def recorded(folder: Path) -> Iterator[list[str]]:
    """Record the data files below a folder that are read inside a block.

    Yields:
        A list; after the block it has name and SHA-256 of each file. Source and compiled modules
        are left out.
    """
    found: list[str] = []
    opened: set[str] = set()
    _recordings.append(opened)
    try:
        yield found
    finally:
        _recordings.pop()
        found += file_digests(folder, map(Path, opened))


def file_digests(folder: Path, files: Iterator[Path]) -> list[str]:
    """Return name and SHA-256 of each file that is below a folder and is no module."""
    suffixes = tuple(all_suffixes())
    texts = []
    for file in sorted({file for file in files if folder in file.parents and file.is_file()}):
        if not file.name.lower().endswith(suffixes):
            with file.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            texts.append(f"{file.relative_to(folder).as_posix()} {digest}")
    return texts
