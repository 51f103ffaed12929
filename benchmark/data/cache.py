"""Prepared scenes: a data set decoded and verified once, kept in one file.

The file is keyed by what it was made from (the data set's parameters, its files' names, sizes and
times) and made anew when that changes. Every scene carries the SHA-256 of its values; a scene
that no longer agrees makes the whole file be made anew. Its values lie there bare, one scene after
the other, to be mapped into memory; then come a sealed index in JSON and the index's length.
(HDF5 would do, but its library loops for ever on some damaged files.)
"""

import functools
import hashlib
import json
import os
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from benchmark.dataset import DataSet, Scene, Source
from benchmark.errors import RequestError
from benchmark.store.address import key_of
from benchmark.store.files import flush_folder, locked

FORMAT = 3
_TRAILER = struct.Struct("<Q8s")  # the index's length, and what kind of file this is
_KIND = b"HSISR-3\n"
_ALIGNED = 64  # bytes

# Called with (label, items done, items in all, name of the next item) while something takes long.
ProgressCallback = Callable[[str, int, int, str], None]


def no_progress(label: str, done: int, total: int, item: str) -> None:
    """Ignore progress."""


class DamagedError(Exception):
    """The prepared file does not hold what it says."""


def digest(scene: Scene) -> str:
    """Hash a scene: its values, their type and shape, wavelengths and peak."""
    facts = [str(scene.cube.dtype), list(scene.cube.shape), list(scene.wavelengths), scene.peak]
    hasher = hashlib.sha256(json.dumps(facts).encode())
    hasher.update(np.ascontiguousarray(scene.cube).data)
    return hasher.hexdigest()


class PreparedScenes:
    """The scenes of one data set, ready to be read.

    Attributes:
        digests: SHA-256 of every scene; what a cell's key takes for the data.
        shapes: (rows, columns, bands) of every scene.
    """

    def __init__(self, file: Path, remake: Callable[[], None]) -> None:
        self._file = file
        self._remake = remake
        self._look()

    def _look(self) -> None:
        self._index = _opened(self._file)["scenes"]
        self.digests: Mapping[str, str] = {name: one["sha256"] for name, one in self._index.items()}
        self.shapes: Mapping[str, tuple[int, int, int]] = {
            name: tuple(one["shape"]) for name, one in self._index.items()
        }

    def read(self, name: str) -> Scene:
        """Read one scene and verify its values; a damaged file is made anew, once.

        Raises:
            RequestError: the file is damaged again right after it was made.
        """
        try:
            return self._read(name)
        except Exception:  # noqa: BLE001 - a damaged HDF5 file raises nearly anything
            self._remake()
            self._look()
        try:
            return self._read(name)
        except Exception as error:
            raise RequestError(
                f"{self._file} is damaged again right after it was made ({error}); check the "
                "disk, or choose another folder with --cache"
            ) from error

    def _read(self, name: str) -> Scene:
        one = self._index[name]
        # Mapped: all processes share the system's one copy of the file.
        cube = np.memmap(self._file, one["type"], "r", one["offset"], tuple(one["shape"]))
        scene = Scene(name, cube, tuple(one["wavelengths"]), one["peak"])
        if digest(scene) != self.digests[name]:
            raise DamagedError(f"scene {name} does not agree with its hash")
        return scene


def prepare(
    dataset: DataSet,
    label: str,
    root: Path,
    scenes: Sequence[str],
    cache: Path,
    progress: ProgressCallback = no_progress,
) -> PreparedScenes:
    """Open the prepared file of these scenes, making it first where needed.

    Args:
        dataset: what reads the files.
        label: its canonical reference, which names the file.
        root: the folder that holds `cave/` and so on.
        scenes: which scenes.
        cache: the folder for prepared files; made if it is not there.
        progress: called before each scene, and at the end with an empty name.

    Raises:
        RequestError: scenes are missing or damaged, or the cache cannot be written to.
    """
    source = dataset.open(root, scenes)
    key = key_of({"format": FORMAT, "label": label, "stamp": source.stamp, "scenes": list(scenes)})
    whole = list(scenes) == list(dataset.scenes)
    part = "" if whole else "-" + key_of({"scenes": list(scenes)})[:8]
    file = cache / f"{re.sub(r'[^A-Za-z0-9.-]+', '_', label).strip('_')}{part}.scenes"

    def make(*, damaged: bool = True) -> None:
        try:
            with locked(file.with_name(f".{file.name}.lock")):
                # Whoever waited for another process finds the file made.
                if damaged or _key(file) != key:
                    _make(source, scenes, file, key, functools.partial(progress, label))
        except OSError as error:
            raise RequestError(
                f"cannot prepare scenes in {file.parent}: {error.strerror or error}; free space "
                "there or choose another folder with --cache"
            ) from error

    if _key(file) != key:
        make(damaged=False)
    return PreparedScenes(file, make)


def _opened(file: Path) -> dict[str, Any]:
    """Read a prepared file's index, sealed by a hash of itself."""
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _TRAILER.size))
        length, kind = _TRAILER.unpack(stream.read())
        if kind != _KIND or length > size - _TRAILER.size:
            raise DamagedError(f"{file} is no prepared file, or cut short")
        stream.seek(size - _TRAILER.size - length)
        index: dict[str, Any] = json.loads(stream.read(length))
    if index.pop("seal") != key_of(index):
        raise DamagedError(f"{file} does not agree with its seal")
    return index


def _key(file: Path) -> str:
    try:
        return str(_opened(file)["key"])
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is made anew
        return ""


def _make(
    source: Source,
    scenes: Sequence[str],
    file: Path,
    key: str,
    progress: Callable[[int, int, str], None],
) -> None:
    # One name for all times: what a killed process leaves, the next one writes over.
    temporary = file.with_name(f".{file.name}.part")
    try:
        with temporary.open("wb") as stream:
            index = {}
            for number, name in enumerate(scenes):
                progress(number, len(scenes), name)
                index[name] = _written(stream, source.read(name))
            whole: dict[str, Any] = {"key": key, "scenes": index}
            text = json.dumps({**whole, "seal": key_of(whole)}).encode()
            stream.write(text + _TRAILER.pack(len(text), _KIND))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
        flush_folder(file.parent)
        progress(len(scenes), len(scenes), "")
    finally:
        with suppress(OSError):
            temporary.unlink()


def _written(stream: BinaryIO, scene: Scene) -> dict[str, Any]:
    """Write a scene's values and give its entry in the index."""
    stream.write(bytes(-stream.tell() % _ALIGNED))
    offset = stream.tell()
    stream.write(np.ascontiguousarray(scene.cube).data)
    return {
        "offset": offset,
        "type": scene.cube.dtype.str,
        "shape": list(scene.cube.shape),
        "wavelengths": list(scene.wavelengths),
        "peak": scene.peak,
        "sha256": digest(scene),
    }
